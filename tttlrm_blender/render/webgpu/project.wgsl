// Projects splats to ellipses on the image, with colors; zeros for splats that are not drawn.
@group(0) @binding(1) var<storage, read> splats: array<array<vec4f, 3>>;
@group(0) @binding(2) var<storage, read> sh: array<f32>;
@group(0) @binding(3) var<storage, read_write> means2d: array<vec2f>; // pixels
@group(0) @binding(4) var<storage, read_write> ellipses: array<array<vec4f, 2>>; // conic xx, xy, yy, red; green, blue, z, opacity
@group(0) @binding(5) var<storage, read_write> radii: array<i32>; // pixels

const LARGEST = 1073741824.0; // the largest radius

// Compilers may assume that there are no infinities and NaNs: bits tell.
fn finite(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

fn radius_of(print: Footprint, center: vec2f, opacity: f32) -> i32 {
    if (!(finite(opacity) && finite(print.det) && finite(center.x) && finite(center.y) && finite(print.point.z))) { return 0; }
    if (!(print.point.z >= NEAR && opacity > MIN_ALPHA && print.det > 0.0)) { return 0; }
    let reach = sqrt(2.0 * log(opacity / MIN_ALPHA));
    let radius = ceil(reach * sqrt(print.covariance.xz));
    if (!(all(center + radius > vec2f()) && all(center - radius < view.size.xy))) { return 0; }
    return i32(min(max(radius.x, radius.y), LARGEST));
}

fn color_of(n: u32, direction: vec3f) -> vec3f {
    let basis = harmonics(direction);
    var color = vec3f(0.5);
    for (var k = 0u; k < TERMS; k++) {
        let at = (n * STORED + k) * 3u;
        color += basis[k] * vec3f(sh[at], sh[at + 1u], sh[at + 2u]);
    }
    return max(color, vec3f());
}

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let n = element(group, groups, thread);
    if (n >= arrayLength(&splats)) { return; }
    let splat = splat_of(splats[n]);
    let print = footprint_of(splat);
    let center = view.lens.xy * print.slopes + view.lens.zw;
    var opacity = splat.opacity;
    if (ANTIALIASED) { opacity *= share_of(print); }
    let radius = radius_of(print, center, opacity);
    radii[n] = radius;
    means2d[n] = vec2f();
    ellipses[n] = array<vec4f, 2>();
    if (radius > 0) {
        let conic = vec3f(print.covariance.z, -print.covariance.y, print.covariance.x) / print.det;
        let color = color_of(n, normalize(print.offset));
        means2d[n] = center;
        ellipses[n] = array<vec4f, 2>(vec4f(conic, color.x), vec4f(color.yz, print.point.z, opacity));
    }
}
