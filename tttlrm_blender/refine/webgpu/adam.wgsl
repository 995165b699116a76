// Steps of Adam (Kingma & Ba 2015). Nothing changes where there was no room for all pairs of splats and tiles, for gradients
// are wrong then, and gradients that are not finite count as 0.
fn fits(pairs: u32) -> bool {
    return pairs <= now.room;
}

// Compilers may assume that there are no infinities and NaNs: bits tell.
fn finite(value: f32) -> f32 {
    return select(value, 0.0, (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u);
}

fn finite4(value: vec4f) -> vec4f {
    return vec4f(finite(value.x), finite(value.y), finite(value.z), finite(value.w));
}
