// Spherical harmonics in the order and with the signs of 3DGS; TERMS of them (1, 4, 9 or 16) are used.
const C0 = 0.28209479177387814;
const C1 = 0.4886025119029199;
const C2A = 1.0925484305920792;
const C2B = 0.31539156525252005;
const C2C = 0.5462742152960396;
const C3A = 0.5900435899266435;
const C3B = 2.890611442640554;
const C3C = 0.4570457994644658;
const C3D = 0.3731763325901154;
const C3E = 1.445305721320277;

fn harmonics(d: vec3f) -> array<f32, 16> {
    var out: array<f32, 16>;
    out[0] = C0;
    if (TERMS > 1u) {
        out[1] = -C1 * d.y;
        out[2] = C1 * d.z;
        out[3] = -C1 * d.x;
    }
    if (TERMS > 4u) {
        out[4] = C2A * d.x * d.y;
        out[5] = -C2A * d.y * d.z;
        out[6] = C2B * (3.0 * d.z * d.z - 1.0);
        out[7] = -C2A * d.x * d.z;
        out[8] = C2C * (d.x * d.x - d.y * d.y);
    }
    if (TERMS > 9u) {
        out[9] = -C3A * d.y * (3.0 * d.x * d.x - d.y * d.y);
        out[10] = C3B * d.x * d.y * d.z;
        out[11] = -C3C * d.y * (5.0 * d.z * d.z - 1.0);
        out[12] = C3D * d.z * (5.0 * d.z * d.z - 3.0);
        out[13] = -C3C * d.x * (5.0 * d.z * d.z - 1.0);
        out[14] = C3E * d.z * (d.x * d.x - d.y * d.y);
        out[15] = -C3A * d.x * (d.x * d.x - 3.0 * d.y * d.y);
    }
    return out;
}

// The gradient, with respect to the direction, of the sum over k of g[k] times harmonic k.
fn slope(d: vec3f, g: array<f32, 16>) -> vec3f {
    var out = vec3f();
    if (TERMS > 1u) { out += C1 * vec3f(-g[3], -g[1], g[2]); }
    if (TERMS > 4u) {
        out.x += C2A * (d.y * g[4] - d.z * g[7]) + 2.0 * C2C * d.x * g[8];
        out.y += C2A * (d.x * g[4] - d.z * g[5]) - 2.0 * C2C * d.y * g[8];
        out.z += 6.0 * C2B * d.z * g[6] - C2A * (d.y * g[5] + d.x * g[7]);
    }
    if (TERMS > 9u) {
        let pole = 5.0 * d.z * d.z - 1.0;
        let ring = 3.0 * (d.x * d.x - d.y * d.y);
        out.x += -6.0 * C3A * d.x * d.y * g[9] + C3B * d.y * d.z * g[10] - C3C * pole * g[13]
            + 2.0 * C3E * d.x * d.z * g[14] - C3A * ring * g[15];
        out.y += -C3A * ring * g[9] + C3B * d.x * d.z * g[10] - C3C * pole * g[11]
            - 2.0 * C3E * d.y * d.z * g[14] + 6.0 * C3A * d.x * d.y * g[15];
        out.z += C3B * d.x * d.y * g[10] - 10.0 * C3C * d.z * (d.y * g[11] + d.x * g[13])
            + C3D * (15.0 * d.z * d.z - 3.0) * g[12] + C3E * (d.x * d.x - d.y * d.y) * g[14];
    }
    return out;
}
