// A tile's splats in the memory of its workgroup, BATCH at a time, for the thread of each pixel.
@group(0) @binding(1) var<storage, read> ranges: array<vec2u>;
@group(0) @binding(2) var<storage, read> pairs: array<u32>;
@group(0) @binding(3) var<storage, read> means2d: array<vec2f>;
@group(0) @binding(4) var<storage, read> ellipses: array<array<vec4f, 2>>;

var<workgroup> numbers: array<u32, BATCH>;
var<workgroup> centers: array<vec2f, BATCH>;
var<workgroup> shapes: array<vec4f, BATCH>; // conic xx, xy, yy and opacity
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
        shapes[thread] = vec4f(row[0].xyz, row[1].w);
        colors[thread] = vec4f(row[0].w, row[1].xyz);
    }
}

// Whether no pixel of the tile is open any longer; the same for all threads, which it lets wait for each other.
fn all_finished(thread: u32) -> bool {
    workgroupBarrier();
    if (thread == 0u) { over = select(0u, 1u, atomicLoad(&finished) == GROUP); }
    return workgroupUniformLoad(&over) == 1u;
}

// The opacity of a splat at an offset from its center, before it is limited.
fn opacity_at(shape: vec4f, d: vec2f) -> f32 {
    return shape.w * exp(-0.5 * (shape.x * d.x * d.x + shape.z * d.y * d.y) - shape.y * d.x * d.y);
}

fn pixel_of(tile: u32, thread: u32) -> vec2u {
    return vec2u(tile % strips(), tile / strips()) * TILE + vec2u(thread % TILE, thread / TILE);
}

fn inside(pixel: vec2u) -> bool {
    return all(vec2f(pixel) < view.size.xy);
}
