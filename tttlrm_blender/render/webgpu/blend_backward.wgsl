// The gradients of ellipses from those of the pictures, again from near to far. Per splat and pixel, v is the gradient of half
// the squared distance from the center in standard deviations; `sums` are those of v, v dx, v dy, v dx^2, v dx dy, v dy^2, then
// of the gradients of red, green, blue and z. They are summed over the tile before they are added to those of other tiles.
@group(0) @binding(5) var<storage, read> images: array<f32>; // [5, H, W]
@group(0) @binding(6) var<storage, read> g_images: array<f32>;

const SUMS = 10u;

// Sums of a splat of the batch over parts of the tile: [SUBGROUPS, BATCH, SUMS].
var<workgroup> parts: array<f32, SUBGROUPS * BATCH * SUMS>;

fn blend_backward(tile: u32, thread: u32, subgroups: u32) {
    begin(thread);
    let pixel = pixel_of(tile, thread);
    let plane = u32(view.size.x) * u32(view.size.y);
    let at = pixel.y * u32(view.size.x) + pixel.x;
    var open = inside(pixel);
    var light = 1.0;
    var g = vec4f();
    var g_alpha = 0.0;
    var rest = 0.0; // product of the picture with its gradient, of the splats that are still to come
    if (open) {
        g = vec4f(g_images[at], g_images[plane + at], g_images[2u * plane + at], g_images[3u * plane + at]);
        g_alpha = g_images[4u * plane + at];
        let shown = vec4f(images[at], images[plane + at], images[2u * plane + at], images[3u * plane + at]);
        rest = dot(g, shown) + g_alpha * images[4u * plane + at];
    } else {
        atomicAdd(&finished, 1u);
    }
    let pairs_of_tile = ranges[tile];
    for (var first = pairs_of_tile.x; first < pairs_of_tile.y; first += BATCH) {
        if (all_finished(thread)) { break; }
        load(first, pairs_of_tile.y, thread);
        workgroupBarrier();
        let count = min(BATCH, pairs_of_tile.y - first);
        for (var k = 0u; k < count; k++) {
            var weight = 0.0;
            var v = 0.0;
            let d = vec2f(pixel) + 0.5 - centers[k];
            if (open) {
                let exponent = exponent_at(shapes[k], d);
                if (exponent >= FAINTEST) {
                    let full = exp(exponent);
                    let opacity = min(full, MAX_ALPHA);
                    let after = light - light * opacity;
                    if (after > MIN_TRANSMITTANCE) {
                        weight = light * opacity;
                        let share = weight * (dot(g, colors[k]) + g_alpha);
                        rest -= share;
                        if (full <= MAX_ALPHA) { v = rest * opacity / (1.0 - opacity) - share; }
                        light = after;
                    } else {
                        open = false;
                        atomicAdd(&finished, 1u);
                    }
                }
            }
            reduce(k, weight, v, d, g, thread);
        }
        workgroupBarrier();
        for (var i = thread; i < count * SUMS; i += GROUP) {
            var sum = 0.0;
            for (var part = 0u; part < subgroups; part++) { sum += parts[part * BATCH * SUMS + i]; }
            if (sum != 0.0) { add(numbers[i / SUMS] * SUMS + i % SUMS, sum); }
        }
    }
}
