// Lists the tiles that splats, sorted by depth, touch: `count`, prefix sums, `list`.
@group(0) @binding(1) var<storage, read> means2d: array<vec2f>;
@group(0) @binding(2) var<storage, read> ellipses: array<array<vec4f, 2>>;
@group(0) @binding(3) var<storage, read> radii: array<i32>;
@group(0) @binding(4) var<storage, read> order: array<u32>; // splats, nearest first
@group(0) @binding(5) var<storage, read_write> starts: array<u32>; // number, then first pair of every splat in this order
@group(0) @binding(6) var<storage, read_write> tiles: array<u32>; // of pairs
@group(0) @binding(7) var<storage, read_write> pairs: array<u32>; // their splats

const SLACK = 0.01; // added to an ellipse's extent against rounding errors, in pixels
const RELATIVE_SLACK = 1e-4; // and as a share of its height
const TINY = 1e-30;

// Where a splat counts: a dx^2 + b dx dy + c dy^2 <= e.
struct Ellipse {
    center: vec2f,
    a: f32,
    b: f32,
    c: f32,
    det: f32, // 4 a c - b^2
    reach: f32, // 4 e
    extent: vec2f, // half width and half height
}

fn ellipse_of(n: u32) -> Ellipse {
    let row = ellipses[n];
    let a = 0.5 * row[0].x;
    let b = row[0].y;
    let c = 0.5 * row[0].z;
    let det = max(4.0 * a * c - b * b, TINY);
    let reach = 4.0 * max(log(row[1].w / MIN_ALPHA), 0.0);
    return Ellipse(means2d[n], a, b, c, det, reach, sqrt(vec2f(c, a) * reach / det));
}

// First and one behind the last column of tiles that a splat touches.
fn columns(ellipse: Ellipse) -> vec2u {
    let slack = 0.5 + SLACK + RELATIVE_SLACK * ellipse.extent.x;
    let first = max((ellipse.center.x - ellipse.extent.x - slack) / f32(TILE), 0.0);
    let last = min((ellipse.center.x + ellipse.extent.x + slack) / f32(TILE), f32(strips() - 1u));
    if (last < 0.0 || first > last + 1.0) { return vec2u(); }
    return vec2u(u32(first), u32(last) + 1u);
}

// First and one behind the last row of tiles that it touches in a column.
fn rows(ellipse: Ellipse, column: u32) -> vec2u {
    let left = f32(column * TILE) + 0.5 - ellipse.center.x;
    let right = left + f32(TILE - 1u);
    let peak = -ellipse.b * ellipse.extent.y / (2.0 * ellipse.a);
    let down = min(max(peak, left), right);
    let up = min(max(-peak, left), right);
    let slack = SLACK + RELATIVE_SLACK * ellipse.extent.y;
    let wide = ellipse.c * ellipse.reach;
    let low = (-ellipse.b * up - sqrt(max(wide - ellipse.det * up * up, 0.0))) / (2.0 * ellipse.c);
    let high = (-ellipse.b * down + sqrt(max(wide - ellipse.det * down * down, 0.0))) / (2.0 * ellipse.c);
    let top = max(ellipse.center.y + low - 0.5 - slack, 0.0);
    let bottom = min(ellipse.center.y + high - 0.5 + slack, view.size.y - 1.0);
    if (bottom < 0.0 || top > bottom) { return vec2u(); }
    return vec2u(u32(ceil(top)) / TILE, u32(bottom) / TILE + 1u);
}

@compute @workgroup_size(GROUP)
fn count(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let rank = element(group, groups, thread);
    if (rank >= arrayLength(&ellipses)) { return; }
    let n = order[rank];
    var number = 0u;
    if (radii[n] > 0) {
        let ellipse = ellipse_of(n);
        let across = columns(ellipse);
        for (var column = across.x; column < across.y; column++) {
            let down = rows(ellipse, column);
            number += max(down.y, down.x) - down.x;
        }
    }
    starts[rank] = number;
}

@compute @workgroup_size(GROUP)
fn list(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let rank = element(group, groups, thread);
    if (rank >= arrayLength(&ellipses)) { return; }
    let n = order[rank];
    if (radii[n] <= 0) { return; }
    let ellipse = ellipse_of(n);
    let across = columns(ellipse);
    var place = starts[rank];
    for (var column = across.x; column < across.y; column++) {
        let down = rows(ellipse, column);
        for (var row = down.x; row < down.y; row++) {
            if (place >= arrayLength(&tiles)) { return; }
            tiles[place] = row * strips() + column;
            pairs[place] = n;
            place += 1u;
        }
    }
}
