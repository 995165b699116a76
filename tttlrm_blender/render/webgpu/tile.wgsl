// A tile's splats in the memory of its workgroup, BATCH at a time, for the thread of each pixel.
@group(0) @binding(1) var<storage, read> ranges: array<vec2u>;
@group(0) @binding(2) var<storage, read> pairs: array<u32>;
@group(0) @binding(3) var<storage, read> means2d: array<vec2f>;
@group(0) @binding(4) var<storage, read> ellipses: array<array<vec4f, 2>>;

const FAINTEST = log(MIN_ALPHA);

var<workgroup> numbers: array<u32, BATCH>;
var<workgroup> centers: array<vec2f, BATCH>;
var<workgroup> shapes: array<vec4f, BATCH>; // a, b, c, e: the opacity at (dx, dy) is exp(e - a dx^2 - b dx dy - c dy^2)
var<workgroup> colors: array<vec4f, BATCH>; // red, green, blue and z
var<workgroup> finished: atomic<u32>; // pixels
var<workgroup> over: u32; // whether all are

// To be called first, as not every driver does begin with zeros.
fn begin(thread: u32) {
    if (thread == 0u) { atomicStore(&finished, 0u); }
    workgroupBarrier();
}

fn load(first: u32, last: u32, thread: u32) {
    if (thread < BATCH && first + thread < last) {
        let n = pairs[first + thread];
        let row = ellipses[n];
        numbers[thread] = n;
        centers[thread] = means2d[n];
        shapes[thread] = vec4f(0.5 * row[0].x, row[0].y, 0.5 * row[0].z, log(row[1].w));
        colors[thread] = vec4f(row[0].w, row[1].xyz);
    }
}

// Whether no pixel of the tile is open any longer; the same for all threads, which it lets wait for each other.
fn all_finished(thread: u32) -> bool {
    workgroupBarrier();
    if (thread == 0u) { over = select(0u, 1u, atomicLoad(&finished) == GROUP); }
    return workgroupUniformLoad(&over) == 1u;
}

// The logarithm of a splat's opacity at an offset from its center, before it is limited.
fn exponent_at(shape: vec4f, d: vec2f) -> f32 {
    return shape.w - d.x * (shape.x * d.x + shape.y * d.y) - shape.z * d.y * d.y;
}

fn pixel_of(tile: u32, thread: u32) -> vec2u {
    return vec2u(tile % strips(), tile / strips()) * TILE + vec2u(thread % TILE, thread / TILE);
}

fn inside(pixel: vec2u) -> bool {
    return all(vec2f(pixel) < view.size.xy);
}
