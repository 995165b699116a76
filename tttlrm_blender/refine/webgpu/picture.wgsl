// A picture of splats as it is compared with its photo: over the background, in the light of the photo, and the photo itself
// where pixels do not count.
@group(0) @binding(1) var<storage, read> images: array<f32>; // [5, H, W]: red, green, blue, depth and alpha
@group(0) @binding(2) var<storage, read> photo: array<vec2u>; // [H, W]: red, green, blue and weight of 16 bits each
@group(0) @binding(3) var<storage, read> light: array<f32>; // if LIT: [H, 3], then [W], factors on color + TOE

struct Compared {
    drawn: f32,
    given: f32, // by the photo
    slope: f32, // of `drawn` with respect to the color in `images`, and to that behind it
}

fn side() -> vec2u {
    return vec2u(now.size);
}

fn plane() -> u32 {
    return side().x * side().y;
}

fn inside(pixel: vec2i) -> bool {
    return all(pixel >= vec2i()) && all(pixel < vec2i(side()));
}

fn given_at(at: u32) -> vec4f {
    return vec4f(unpack2x16unorm(photo[at].x), unpack2x16unorm(photo[at].y));
}

fn compared(channel: u32, pixel: vec2u) -> Compared {
    let at = pixel.y * side().x + pixel.x;
    let given = given_at(at);
    let through = 1.0 - images[4u * plane() + at];
    var drawn = images[channel * plane() + at] + through * now.background[channel];
    var slope = given.w;
    if (LIT) {
        let factor = light[pixel.y * 3u + channel] * light[side().y * 3u + pixel.x];
        drawn = (drawn + TOE) * factor - TOE;
        slope *= factor;
        if (given[channel] > SATURATED && drawn > given[channel]) {
            drawn = given[channel];
            slope = 0.0;
        }
    }
    return Compared(given[channel] + given.w * (drawn - given[channel]), given[channel], slope);
}
