// A splat and what a camera sees of it. Notation: p is the center in camera coordinates; U (rows u0, u1) the projection,
// linearized at p, times the camera's rotation; K = U Q diag(size) with the splat's rotation Q. The covariance on the image is
// K K^T + blur. Matrices are made of rows: a * M is M applied to a, and M * a is its transpose applied to a.
struct Splat {
    mean: vec3f,
    opacity: f32,
    quat: vec4f, // w x y z, of unit length
    length: f32, // of the quaternion as it is stored
    size: vec3f,
    turn: mat3x3f,
}

struct Footprint {
    camera: mat3x3f,
    offset: vec3f, // from the camera's position to the center
    point: vec3f, // p
    slopes: vec2f, // x/z and y/z
    clamped: vec2f, // to near the picture
    r0: vec3f, // rows of U without their factors f/z
    r1: vec3f,
    w0: vec3f, // rows of U Q
    w1: vec3f,
    k0: vec3f,
    k1: vec3f,
    covariance: vec3f, // xx, xy, yy
    det: f32,
}

fn splat_of(row: array<vec4f, 3>) -> Splat {
    let length = length(row[1]);
    let q = row[1] / length;
    let w = q.x;
    let x = q.y;
    let y = q.z;
    let z = q.w;
    let turn = mat3x3f(
        vec3f(1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)),
        vec3f(2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)),
        vec3f(2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)),
    );
    return Splat(row[0].xyz, row[0].w, q, length, row[2].xyz, turn);
}

fn footprint_of(splat: Splat) -> Footprint {
    let camera = mat3x3f(view.row_x.xyz, view.row_y.xyz, view.row_z.xyz);
    let offset = splat.mean - vec3f(view.row_x.w, view.row_y.w, view.row_z.w);
    let point = offset * camera;
    let focal = view.lens.xy;
    let slopes = point.xy / point.z;
    let margin = VIEW_MARGIN * 0.5 * view.size.xy / focal;
    let clamped = clamp(slopes, -view.lens.zw / focal - margin, (view.size.xy - view.lens.zw) / focal + margin);
    let r0 = camera[0] - clamped.x * camera[2];
    let r1 = camera[1] - clamped.y * camera[2];
    let w0 = splat.turn * (focal.x / point.z * r0);
    let w1 = splat.turn * (focal.y / point.z * r1);
    let k0 = w0 * splat.size;
    let k1 = w1 * splat.size;
    let covariance = vec3f(dot(k0, k0) + BLUR, dot(k0, k1), dot(k1, k1) + BLUR);
    let det = covariance.x * covariance.z - covariance.y * covariance.y;
    return Footprint(camera, offset, point, slopes, clamped, r0, r1, w0, w1, k0, k1, covariance, det);
}

// The share of an antialiased splat's light that is left at its peak: exact for needles too.
fn share_of(print: Footprint) -> f32 {
    return length(cross(print.k0, print.k1)) / sqrt(print.det);
}
