// The gradients of centers and ellipses from the sums over pixels; see blend_backward.wgsl.
@group(0) @binding(0) var<storage, read> sums: array<f32>; // [N, 10]
@group(0) @binding(1) var<storage, read> ellipses: array<array<vec4f, 2>>;
@group(0) @binding(2) var<storage, read_write> g_means2d: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> g_ellipses: array<array<vec4f, 2>>;

const SUMS = 10u;

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let n = element(group, groups, thread);
    if (n >= arrayLength(&ellipses)) { return; }
    g_means2d[n] = vec2f();
    g_ellipses[n] = array<vec4f, 2>();
    let ellipse = ellipses[n];
    let opacity = ellipse[1].w;
    if (opacity <= 0.0) { return; } // not drawn
    var s: array<f32, SUMS>;
    for (var j = 0u; j < SUMS; j++) { s[j] = sums[n * SUMS + j]; }
    let conic = ellipse[0].xyz;
    g_means2d[n] = -vec2f(conic.x * s[1] + conic.y * s[2], conic.y * s[1] + conic.z * s[2]);
    g_ellipses[n] = array<vec4f, 2>(vec4f(0.5 * s[3], s[4], 0.5 * s[5], s[6]), vec4f(s[7], s[8], s[9], -s[0] / opacity));
}
