// The window of SSIM, over tiles with as much beside them as it reaches.
const TILE = 16u; // pixels of a tile's side
const TAPS = 11u;
const REACH = 5; // pixels of the window to each side
const WIDE = TILE + TAPS - 1u; // pixels of a tile's side with what is beside it
const LOADED = WIDE * WIDE;
const ROWS = WIDE * TILE; // sums along rows

var<private> window: array<f32, TAPS> = array<f32, TAPS>(TAP5, TAP4, TAP3, TAP2, TAP1, TAP0, TAP1, TAP2, TAP3, TAP4, TAP5);

fn corner_of(tile: u32) -> vec2i {
    let across = (side().x + TILE - 1u) / TILE;
    return vec2i(vec2u(tile % across, tile / across) * TILE);
}

fn beside(corner: vec2i, i: u32) -> vec2i {
    return corner + vec2i(vec2u(i % WIDE, i / WIDE)) - REACH;
}

fn tiles() -> u32 {
    let across = (side() + TILE - 1u) / TILE;
    return across.x * across.y;
}
