// A camera and the size of its picture.
struct View {
    row_x: vec4f, // rows of the rotation from the world to the camera, each with a coordinate of the camera's position
    row_y: vec4f,
    row_z: vec4f,
    lens: vec4f, // fx fy cx cy in pixels
    size: vec4f, // width and height in pixels
}

const TILE = 16u; // pixels of a tile's side

@group(0) @binding(0) var<uniform> view: View;

fn strips() -> u32 {
    return (u32(view.size.x) + TILE - 1u) / TILE;
}
