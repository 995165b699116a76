// A step of all parameters but the harmonics, with what decides which splats are split.
@group(0) @binding(1) var<storage, read_write> raw: array<array<vec4f, 3>>; // mean, logit; quat; log_scales, least size
@group(0) @binding(2) var<storage, read> g_splats: array<array<vec4f, 3>>; // of activated values
@group(0) @binding(3) var<storage, read_write> means: array<array<vec4f, 3>>; // of gradients
@group(0) @binding(4) var<storage, read_write> squares: array<array<vec4f, 3>>;
@group(0) @binding(5) var<storage, read> g_means2d: array<vec2f>;
@group(0) @binding(6) var<storage, read> radii: array<i32>;
@group(0) @binding(7) var<storage, read_write> pulls: array<vec2f>; // sum of lengths of g_means2d, and how often it was seen
@group(0) @binding(8) var<storage, read> pairs: array<u32>; // the first is the number of pairs

fn backward(row: array<vec4f, 3>, g: array<vec4f, 3>) -> array<vec4f, 3> {
    let opacity = 1.0 / (1.0 + exp(-row[0].w));
    let own = exp(row[2].xyz);
    let g_sizes = g[2].xyz * own * (own / drawn_sizes(own, row[2].w));
    return array<vec4f, 3>(vec4f(g[0].xyz, g[0].w * opacity * (1.0 - opacity)), g[1], vec4f(g_sizes, 0.0));
}

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let n = element(group, groups, thread);
    if (n >= arrayLength(&raw) || !fits(pairs[0])) { return; }
    if (radii[n] > 0) { pulls[n] += vec2f(length(g_means2d[n]), 1.0); }
    var row = raw[n];
    let g = backward(row, g_splats[n]);
    let rates = array<vec4f, 3>(vec4f(now.rates.xxx, now.rates.y), now.rates.zzzz, vec4f(now.rates.www, 0.0));
    for (var k = 0u; k < 3u; k++) {
        let gradient = finite4(g[k]);
        let mean = mix(means[n][k], gradient, 1.0 - BETA1);
        let square = BETA2 * squares[n][k] + (1.0 - BETA2) * gradient * gradient;
        means[n][k] = mean;
        squares[n][k] = square;
        row[k] -= rates[k] * mean / (sqrt(square) / now.root + EPSILON);
    }
    raw[n] = row;
}
