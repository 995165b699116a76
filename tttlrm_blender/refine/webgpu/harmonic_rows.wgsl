// A step of all harmonics: dc, the first of each channel, and rest.
@group(0) @binding(1) var<storage, read_write> sh: array<f32>; // [N, STORED, 3]
@group(0) @binding(2) var<storage, read> g_sh: array<f32>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>; // of gradients
@group(0) @binding(4) var<storage, read_write> squares: array<f32>;
@group(0) @binding(5) var<storage, read> pairs: array<u32>; // the first is the number of pairs

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let i = element(group, groups, thread);
    if (i >= arrayLength(&sh) || !fits(pairs[0])) { return; }
    let gradient = finite(g_sh[i]);
    let mean = mix(means[i], gradient, 1.0 - BETA1);
    let square = BETA2 * squares[i] + (1.0 - BETA2) * gradient * gradient;
    means[i] = mean;
    squares[i] = square;
    let first = i % (3u * STORED) < 3u;
    let moved = sh[i] - select(now.rest_rate, now.dc_rate, first) * mean / (sqrt(square) / now.root + EPSILON);
    sh[i] = select(moved, max(moved, MIN_DC), first);
}
