// Sums over the pixels of a subgroup, whose threads see each other's registers.
var<private> lane: u32;
var<private> part: u32;

fn put(k: u32, j: u32, value: f32) {
    let sum = subgroupAdd(value);
    if (lane == 0u) { parts[(part * BATCH + k) * SUMS + j] = sum; }
}

fn reduce(k: u32, weight: f32, v: f32, d: vec2f, g: vec4f, thread: u32) {
    if (subgroupAny(weight != 0.0)) {
        put(k, 0u, v);
        put(k, 1u, v * d.x);
        put(k, 2u, v * d.y);
        put(k, 3u, v * d.x * d.x);
        put(k, 4u, v * d.x * d.y);
        put(k, 5u, v * d.y * d.y);
        put(k, 6u, weight * g.x);
        put(k, 7u, weight * g.y);
        put(k, 8u, weight * g.z);
        put(k, 9u, weight * g.w);
    } else if (lane == 0u) {
        for (var j = 0u; j < SUMS; j++) { parts[(part * BATCH + k) * SUMS + j] = 0.0; }
    }
}

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32, @builtin(subgroup_invocation_id) place: u32
) {
    let tile = number_of(group, groups);
    if (tile >= arrayLength(&ranges)) { return; }
    lane = place;
    part = subgroup;
    blend_backward(tile, thread, subgroups);
}
