// Splats as they are drawn, from their parameters.
@group(0) @binding(0) var<storage, read> raw: array<array<vec4f, 3>>; // mean, logit; quat; log_scales, least size
@group(0) @binding(1) var<storage, read_write> splats: array<array<vec4f, 3>>; // the quaternion has any length

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let n = element(group, groups, thread);
    if (n >= arrayLength(&raw)) { return; }
    let row = raw[n];
    splats[n] = array<vec4f, 3>(
        vec4f(row[0].xyz, 1.0 / (1.0 + exp(-row[0].w))), row[1], vec4f(drawn_sizes(exp(row[2].xyz), row[2].w), 0.0)
    );
}
