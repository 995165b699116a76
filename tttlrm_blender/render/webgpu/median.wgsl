// Finds the splat at which the light along the ray of every pixel falls to half.
@group(0) @binding(5) var<storage, read_write> medians: array<i32>; // [H, W], -1 where more than half passes

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let tile = number_of(group, groups);
    if (tile >= arrayLength(&ranges)) { return; }
    begin(thread);
    let pixel = pixel_of(tile, thread);
    var open = inside(pixel);
    var light = 1.0;
    var found = -1;
    if (!open) { atomicAdd(&finished, 1u); }
    let pairs_of_tile = ranges[tile];
    for (var first = pairs_of_tile.x; first < pairs_of_tile.y; first += BATCH) {
        if (all_finished(thread)) { break; }
        load(first, pairs_of_tile.y, thread);
        workgroupBarrier();
        let count = min(BATCH, pairs_of_tile.y - first);
        for (var k = 0u; k < count && open; k++) {
            let exponent = exponent_at(shapes[k], vec2f(pixel) + 0.5 - centers[k]);
            if (exponent >= FAINTEST) { light -= light * min(exp(exponent), MAX_ALPHA); }
            if (light <= 0.5) {
                found = i32(numbers[k]);
                open = false;
                atomicAdd(&finished, 1u);
            }
        }
    }
    if (inside(pixel)) { medians[pixel.y * u32(view.size.x) + pixel.x] = found; }
}
