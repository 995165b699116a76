// The least sizes of splats, from the pixels of the nearest photo that sees them; see resolution.py.
struct Camera {
    row_x: vec4f, // as in view.wgsl of the rasterizer
    row_y: vec4f,
    row_z: vec4f,
    lens: vec4f,
    size: vec4f,
}

@group(0) @binding(0) var<storage, read> cameras: array<Camera>;
@group(0) @binding(1) var<storage, read_write> raw: array<array<vec4f, 3>>;

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let n = element(group, groups, thread);
    if (n >= arrayLength(&raw)) { return; }
    var finest = FARTHEST;
    for (var view = 0u; view < arrayLength(&cameras); view++) {
        let camera = cameras[view];
        let offset = raw[n][0].xyz - vec3f(camera.row_x.w, camera.row_y.w, camera.row_z.w);
        let z = dot(camera.row_z.xyz, offset);
        let center = vec2f(dot(camera.row_x.xyz, offset), dot(camera.row_y.xyz, offset)) / z;
        let place = (center * camera.lens.xy + camera.lens.zw) / camera.size.xy - 0.5;
        if (z > NEAR && all(abs(place) < vec2f(0.5 + MARGIN))) {
            finest = min(finest, z / max(camera.lens.x, camera.lens.y));
        }
    }
    raw[n][2].w = select(0.0, DEVIATION * finest, finest < FARTHEST);
}
