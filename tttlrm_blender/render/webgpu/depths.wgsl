// The depths of all splats as keys by which they can be sorted; splats that are not drawn come last.
@group(0) @binding(0) var<storage, read> ellipses: array<array<vec4f, 2>>;
@group(0) @binding(1) var<storage, read> radii: array<i32>;
@group(0) @binding(2) var<storage, read_write> keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> numbers: array<u32>;

const LAST = 0xffffffffu;

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let n = element(group, groups, thread);
    if (n >= arrayLength(&ellipses)) { return; }
    keys[n] = select(LAST, bitcast<u32>(ellipses[n][1].z), radii[n] > 0);
    numbers[n] = n;
}
