// Adds to the gradients of splats and harmonics those that come from centers and ellipses of one view.
@group(0) @binding(1) var<storage, read> splats: array<array<vec4f, 3>>;
@group(0) @binding(2) var<storage, read> sh: array<f32>;
@group(0) @binding(3) var<storage, read> radii: array<i32>;
@group(0) @binding(4) var<storage, read> g_means2d: array<vec2f>;
@group(0) @binding(5) var<storage, read> g_ellipses: array<array<vec4f, 2>>;
@group(0) @binding(6) var<storage, read_write> g_splats: array<array<vec4f, 3>>;
@group(0) @binding(7) var<storage, read_write> g_sh: array<f32>;

const SMALLEST = 1e-30; // prevents division by zero

struct Shape {
    share: f32,
    g_point: vec3f,
    g_size: vec3f,
    g_turn: mat3x3f,
}

// Gradients of the covariance's xx, xy, yy from those of the conic's.
fn covariance_backward(print: Footprint, g: vec3f) -> vec3f {
    let conic = vec3f(print.covariance.z, -print.covariance.y, print.covariance.x) / print.det;
    let half = 0.5 * g.y;
    let left = g.x * conic.x + half * conic.y;
    let middle = g.x * conic.y + half * conic.z;
    let right = half * conic.y + g.z * conic.z;
    let below = half * conic.x + g.z * conic.y;
    return -vec3f(
        conic.x * left + conic.y * below, 2.0 * (conic.x * middle + conic.y * right), conic.y * middle + conic.z * right
    );
}

// Gradients of p, the size and the rows of the rotation from those of the conic, the center and the share; and the share.
fn shape_backward(splat: Splat, print: Footprint, g_conic: vec3f, g_center: vec2f, g_share: f32) -> Shape {
    let z = print.point.z;
    let factor = view.lens.xy / z;
    let across = cross(print.k0, print.k1);
    let size = length(across);
    let share = size / sqrt(print.det);
    let g = covariance_backward(print, g_conic);
    var g_k0 = 2.0 * g.x * print.k0 + g.y * print.k1;
    var g_k1 = 2.0 * g.z * print.k1 + g.y * print.k0;
    if (ANTIALIASED) {
        let normal = g_share / (sqrt(print.det) * max(size, SMALLEST)) * across;
        let c = g_share * share / print.det * print.covariance;
        g_k0 += cross(print.k1, normal) + c.y * print.k1 - c.z * print.k0;
        g_k1 += cross(normal, print.k0) + c.y * print.k0 - c.x * print.k1;
    }
    let g_size = g_k0 * print.w0 + g_k1 * print.w1;
    let g_w0 = g_k0 * splat.size;
    let g_w1 = g_k1 * splat.size;
    let u0 = factor.x * print.r0;
    let u1 = factor.y * print.r1;
    let g_turn = mat3x3f(u0.x * g_w0 + u1.x * g_w1, u0.y * g_w0 + u1.y * g_w1, u0.z * g_w0 + u1.z * g_w1);
    let g_u0 = g_w0 * splat.turn;
    let g_u1 = g_w1 * splat.turn;
    let forward = print.camera[2];
    let bend = select(vec2f(), factor * vec2f(dot(g_u0, forward), dot(g_u1, forward)), print.clamped == print.slopes);
    let g_slopes = view.lens.xy * g_center - bend;
    let g_z = -dot(factor, vec2f(dot(g_u0, print.r0), dot(g_u1, print.r1))) / z;
    return Shape(share, vec3f(g_slopes / z, g_z - dot(g_slopes, print.slopes) / z), g_size, g_turn);
}

// The gradient of a quaternion of any length from that of its rotation matrix's rows.
fn quat_backward(splat: Splat, g: mat3x3f) -> vec4f {
    let w = splat.quat.x;
    let x = splat.quat.y;
    let y = splat.quat.z;
    let z = splat.quat.w;
    let xy = g[0].y + g[1].x;
    let xz = g[0].z + g[2].x;
    let yz = g[1].z + g[2].y;
    let zy = g[1].x - g[0].y;
    let yx = g[0].z - g[2].x;
    let xw = g[2].y - g[1].z;
    let out = 2.0 * vec4f(
        x * xw + y * yx + z * zy,
        w * xw + y * xy + z * xz - 2.0 * x * (g[1].y + g[2].z),
        w * yx + x * xy + z * yz - 2.0 * y * (g[0].x + g[2].z),
        w * zy + x * xz + y * yz - 2.0 * z * (g[0].x + g[1].y),
    );
    return (out - dot(splat.quat, out) * splat.quat) / splat.length;
}

// Adds to the gradient of the harmonics; returns that of the center.
fn color_backward(n: u32, offset: vec3f, g_color: vec3f) -> vec3f {
    let distance = length(offset);
    let direction = offset / distance;
    let basis = harmonics(direction);
    var color = vec3f(0.5);
    for (var k = 0u; k < TERMS; k++) {
        let at = (n * STORED + k) * 3u;
        color += basis[k] * vec3f(sh[at], sh[at + 1u], sh[at + 2u]);
    }
    let g = select(vec3f(), g_color, color > vec3f());
    var weights: array<f32, 16>;
    for (var k = 0u; k < TERMS; k++) {
        let at = (n * STORED + k) * 3u;
        weights[k] = dot(g, vec3f(sh[at], sh[at + 1u], sh[at + 2u]));
        g_sh[at] += basis[k] * g.x;
        g_sh[at + 1u] += basis[k] * g.y;
        g_sh[at + 2u] += basis[k] * g.z;
    }
    let g_direction = slope(direction, weights);
    return (g_direction - dot(direction, g_direction) * direction) / distance;
}

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let n = element(group, groups, thread);
    if (n >= arrayLength(&splats) || radii[n] <= 0) { return; }
    let splat = splat_of(splats[n]);
    let print = footprint_of(splat);
    let g = g_ellipses[n];
    let from_color = color_backward(n, print.offset, vec3f(g[0].w, g[1].xy));
    let shape = shape_backward(splat, print, g[0].xyz, g_means2d[n], splat.opacity * g[1].w);
    let g_mean = from_color + print.camera * (shape.g_point + vec3f(0.0, 0.0, g[1].z));
    var g_opacity = g[1].w;
    if (ANTIALIASED) { g_opacity *= shape.share; }
    let before = g_splats[n];
    g_splats[n] = array<vec4f, 3>(
        before[0] + vec4f(g_mean, g_opacity),
        before[1] + quat_backward(splat, shape.g_turn),
        before[2] + vec4f(shape.g_size, 0.0),
    );
}
