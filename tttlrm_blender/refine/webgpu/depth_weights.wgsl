// Sums up how much pixels count for the error of depth: `weigh` those of each tile, `add_up` those of all.
var<workgroup> sums: array<f32, GROUP>;

// The sum over the threads, known to the first.
fn summed(thread: u32, value: f32) -> f32 {
    sums[thread] = value;
    workgroupBarrier();
    for (var reach = GROUP / 2u; reach > 0u; reach /= 2u) {
        if (thread < reach) { sums[thread] += sums[thread + reach]; }
        workgroupBarrier();
    }
    return sums[0];
}

@compute @workgroup_size(GROUP)
fn weigh(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let tile = number_of(group, groups);
    if (tile >= tiles()) { return; }
    let pixel = corner_of(tile) + vec2i(vec2u(thread % TILE, thread / TILE));
    var weight = 0.0;
    if (inside(pixel)) { weight = weight_at(vec2u(pixel), known_at(vec2u(pixel))); }
    let total = summed(thread, weight);
    if (thread == 0u) { totals[1u + tile] = total; }
}

@compute @workgroup_size(GROUP)
fn add_up(@builtin(local_invocation_index) thread: u32) {
    var weight = 0.0;
    for (var i = thread; i < tiles(); i += GROUP) { weight += totals[1u + i]; }
    let total = summed(thread, weight);
    if (thread == 0u) { totals[0] = total; }
}
