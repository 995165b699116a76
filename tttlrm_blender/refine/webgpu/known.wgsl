// The known depth of a photo, and how much each pixel of the picture counts for it; see depth_prior.py.
@group(0) @binding(5) var<storage, read> known: array<vec2f>; // [h, w]: depth and confidence
@group(0) @binding(6) var<storage, read_write> totals: array<f32>; // of the weights: of all tiles, then of each tile

// The nearest pixel's, as torch finds it.
fn known_at(pixel: vec2u) -> vec2f {
    let scale = now.known_size / now.size;
    let nearest = min(vec2u(vec2f(pixel) * scale), vec2u(now.known_size) - 1u);
    return known[nearest.y * u32(now.known_size.x) + nearest.x];
}

fn weight_at(pixel: vec2u, known: vec2f) -> f32 {
    let alpha = images[4u * plane() + pixel.y * side().x + pixel.x];
    return select(0.0, known.y, alpha > LEAST_ALPHA);
}
