// What is different in every step.
struct Step {
    background: vec3f,
    root: f32, // of the correction of squares
    size: vec2f, // width and height of the picture in pixels
    known_size: vec2f, // of the map of known depth
    rates: vec4f, // of means, logits, quats and log_scales, corrected for moments that began at zero
    dc_rate: f32,
    rest_rate: f32,
    room: u32, // for pairs of splats and tiles
}

@group(0) @binding(0) var<uniform> now: Step;
