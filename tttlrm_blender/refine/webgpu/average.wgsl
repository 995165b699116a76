// Moves means of values toward the current values, by the share of these.
@group(0) @binding(0) var<uniform> share: f32;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> means: array<f32>;

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let i = element(group, groups, thread);
    if (i < arrayLength(&values)) { means[i] += share * (values[i] - means[i]); }
}
