// Finds the first and one behind the last pair of every tile in pairs that are sorted by tile; `ranges` begins as zeros.
@group(0) @binding(0) var<storage, read> number: array<u32>;
@group(0) @binding(1) var<storage, read> tiles: array<u32>;
@group(0) @binding(2) var<storage, read_write> ranges: array<vec2u>;

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let i = element(group, groups, thread);
    let end = min(number[0], arrayLength(&tiles));
    if (i >= end) { return; }
    let tile = tiles[i];
    if (i == 0u || tiles[i - 1u] != tile) { ranges[tile].x = i; }
    if (i + 1u == end || tiles[i + 1u] != tile) { ranges[tile].y = i + 1u; }
}
