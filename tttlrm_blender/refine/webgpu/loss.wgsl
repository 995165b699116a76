// The gradient of the loss with respect to the picture: of 0.8 L1 + 0.2 (1 - SSIM), and of the error of depth if DEEP.
@group(0) @binding(4) var<storage, read> slopes: array<f32>; // [3 channels, 3, H, W]
@group(0) @binding(7) var<storage, read_write> g_images: array<f32>; // [5, H, W]

var<workgroup> loaded: array<array<f32, LOADED>, 3>;
var<workgroup> rows: array<array<f32, ROWS>, 3>;

// The gradients of the sum of weighted depths and of alpha.
fn depth_backward(pixel: vec2u) -> vec2f {
    let at = pixel.y * side().x + pixel.x;
    let known = known_at(pixel);
    let weight = weight_at(pixel, known);
    let alpha = images[4u * plane() + at];
    let depth = images[3u * plane() + at] / alpha;
    if (weight == 0.0 || depth < LEAST_DEPTH) { return vec2f(); }
    let error = log(depth / max(known.x, LEAST_DEPTH));
    let slope = DEPTH_WEIGHT * weight * sign(error) / (depth * max(totals[0], 1.0));
    return vec2f(slope, -slope * depth) / alpha;
}

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let tile = number_of(group, groups);
    if (tile >= tiles()) { return; }
    let corner = corner_of(tile);
    let place = vec2u(thread % TILE, thread / TILE);
    let pixel = corner + vec2i(place);
    let at = u32(pixel.y) * side().x + u32(pixel.x);
    let share = 1.0 / f32(3u * plane());
    var g_alpha = 0.0;
    for (var channel = 0u; channel < 3u; channel++) {
        for (var i = thread; i < LOADED; i += GROUP) {
            let other = beside(corner, i);
            for (var map = 0u; map < 3u; map++) {
                loaded[map][i] = 0.0;
                if (inside(other)) {
                    loaded[map][i] = slopes[(channel * 3u + map) * plane() + u32(other.y) * side().x + u32(other.x)];
                }
            }
        }
        workgroupBarrier();
        for (var i = thread; i < ROWS; i += GROUP) {
            let first = i / TILE * WIDE + i % TILE;
            for (var map = 0u; map < 3u; map++) {
                var sum = 0.0;
                for (var tap = 0u; tap < TAPS; tap++) { sum += window[tap] * loaded[map][first + tap]; }
                rows[map][i] = sum;
            }
        }
        workgroupBarrier();
        var blurred = vec3f();
        for (var tap = 0u; tap < TAPS; tap++) {
            let i = (place.y + tap) * TILE + place.x;
            blurred += window[tap] * vec3f(rows[0][i], rows[1][i], rows[2][i]);
        }
        if (inside(pixel)) {
            let both = compared(channel, vec2u(pixel));
            let similarity = blurred.x + 2.0 * both.drawn * blurred.y + both.given * blurred.z;
            let difference = sign(both.drawn - both.given);
            let g = both.slope * share * ((1.0 - SSIM_SHARE) * difference - SSIM_SHARE * similarity);
            g_images[channel * plane() + at] = g;
            g_alpha -= g * now.background[channel];
        }
        workgroupBarrier();
    }
    if (inside(pixel)) {
        var g_depth = vec2f();
        if (DEEP) { g_depth = depth_backward(vec2u(pixel)); }
        g_images[3u * plane() + at] = g_depth.x;
        g_images[4u * plane() + at] = g_alpha + g_depth.y;
    }
}
