// The slopes of the SSIM of each pixel's window in the blurred A = x, S = x^2 + y^2 and P = xy; see loss.py in this folder's
// parent.
@group(0) @binding(4) var<storage, read_write> slopes: array<f32>; // [3 channels, 3, H, W]

var<workgroup> drawn: array<f32, LOADED>;
var<workgroup> given: array<f32, LOADED>;
var<workgroup> rows: array<vec4f, ROWS>; // blurred x, y, x^2 + y^2 and xy

fn slopes_of(sums: vec4f) -> vec3f {
    let a = sums.x;
    let b = sums.y;
    let top1 = 2.0 * a * b + SSIM_C1;
    let bottom1 = a * a + b * b + SSIM_C1;
    let top2 = 2.0 * (sums.w - a * b) + SSIM_C2;
    let bottom2 = sums.z - a * a - b * b + SSIM_C2;
    let share = 1.0 / (bottom1 * bottom2);
    let value = top1 * top2 * share;
    return vec3f(
        2.0 * (b * (top2 - top1) * share + a * value * (bottom1 - bottom2) * share), -value / bottom2, 2.0 * top1 * share
    );
}

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let tile = number_of(group, groups);
    if (tile >= tiles()) { return; }
    let corner = corner_of(tile);
    let place = vec2u(thread % TILE, thread / TILE);
    let pixel = corner + vec2i(place);
    for (var channel = 0u; channel < 3u; channel++) {
        for (var i = thread; i < LOADED; i += GROUP) {
            let other = beside(corner, i);
            drawn[i] = 0.0;
            given[i] = 0.0;
            if (inside(other)) {
                let both = compared(channel, vec2u(other));
                drawn[i] = both.drawn;
                given[i] = both.given;
            }
        }
        workgroupBarrier();
        for (var i = thread; i < ROWS; i += GROUP) {
            var sums = vec4f();
            let first = i / TILE * WIDE + i % TILE;
            for (var tap = 0u; tap < TAPS; tap++) {
                let x = drawn[first + tap];
                let y = given[first + tap];
                sums += window[tap] * vec4f(x, y, x * x + y * y, x * y);
            }
            rows[i] = sums;
        }
        workgroupBarrier();
        var sums = vec4f();
        for (var tap = 0u; tap < TAPS; tap++) { sums += window[tap] * rows[(place.y + tap) * TILE + place.x]; }
        if (inside(pixel)) {
            let found = slopes_of(sums);
            let at = u32(pixel.y) * side().x + u32(pixel.x);
            for (var map = 0u; map < 3u; map++) { slopes[(channel * 3u + map) * plane() + at] = found[map]; }
        }
        workgroupBarrier();
    }
}
