// Sizes of a splat that are no less than its least size, which adds its variance: square roots of sums of squares, too large or
// too small for float32 as the squares may be.
fn drawn_sizes(own: vec3f, least: f32) -> vec3f {
    let large = max(own, vec3f(least));
    let ratio = min(own, vec3f(least)) / large;
    return select(vec3f(), large * sqrt(1.0 + ratio * ratio), large > vec3f());
}
