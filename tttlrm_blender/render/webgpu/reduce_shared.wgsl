// Sums over the pixels of a row of the tile in the memory of the workgroup, where there are no subgroups.
var<workgroup> spread: array<f32, SUMS * GROUP>;

fn reduce(k: u32, weight: f32, v: f32, d: vec2f, g: vec4f, thread: u32) {
    let values = array<f32, SUMS>(
        v, v * d.x, v * d.y, v * d.x * d.x, v * d.x * d.y, v * d.y * d.y, weight * g.x, weight * g.y, weight * g.z, weight * g.w
    );
    for (var j = 0u; j < SUMS; j++) { spread[j * GROUP + thread] = values[j]; }
    workgroupBarrier();
    if (thread < SUMS * TILE) {
        let j = thread / TILE;
        let row = thread % TILE;
        var sum = 0.0;
        for (var x = 0u; x < TILE; x++) { sum += spread[j * GROUP + row * TILE + x]; }
        parts[(row * BATCH + k) * SUMS + j] = sum;
    }
    workgroupBarrier();
}

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let tile = number_of(group, groups);
    if (tile >= arrayLength(&ranges)) { return; }
    blend_backward(tile, thread, TILE);
}
