// Blends the splats of every tile, from near to far.
@group(0) @binding(5) var<storage, read_write> images: array<f32>; // [5, H, W]: red, green, blue, depth and alpha

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
    var sums = vec4f();
    if (!open) { atomicAdd(&finished, 1u); }
    let pairs_of_tile = ranges[tile];
    for (var first = pairs_of_tile.x; first < pairs_of_tile.y; first += BATCH) {
        if (all_finished(thread)) { break; }
        load(first, pairs_of_tile.y, thread);
        workgroupBarrier();
        let count = min(BATCH, pairs_of_tile.y - first);
        for (var k = 0u; k < count && open; k++) {
            let exponent = exponent_at(shapes[k], vec2f(pixel) + 0.5 - centers[k]);
            if (exponent >= FAINTEST) {
                let opacity = min(exp(exponent), MAX_ALPHA);
                let after = light - light * opacity;
                if (after > MIN_TRANSMITTANCE) {
                    sums += light * opacity * colors[k];
                    light = after;
                } else {
                    open = false;
                    atomicAdd(&finished, 1u);
                }
            }
        }
    }
    if (inside(pixel)) {
        let plane = u32(view.size.x) * u32(view.size.y);
        let at = pixel.y * u32(view.size.x) + pixel.x;
        for (var k = 0u; k < 4u; k++) { images[k * plane + at] = sums[k]; }
        images[4u * plane + at] = 1.0 - light;
    }
}
