// Prefix sums in place: every value becomes the sum of those before it. Three passes: `totals`, `carry` in one workgroup,
// `finish`. Sums that are too large stay at the largest number rather than begin again at 0.
@group(0) @binding(0) var<storage, read_write> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> blocks: array<u32>; // sums of blocks of GROUP * ITEMS values
@group(0) @binding(2) var<storage, read_write> total: array<u32>; // the first becomes the sum of all values

const ITEMS = 4u; // values of a thread

var<workgroup> sums: array<u32, GROUP>;

fn plus(a: u32, b: u32) -> u32 {
    return select(a + b, 0xffffffffu, a + b < a);
}

// The sum of the values of the threads before this one; afterwards, `sums` ends with the sum of all.
fn before(thread: u32, value: u32) -> u32 {
    sums[thread] = value;
    workgroupBarrier();
    for (var reach = 1u; reach < GROUP; reach *= 2u) {
        var added = 0u;
        if (thread >= reach) { added = sums[thread - reach]; }
        workgroupBarrier();
        sums[thread] = plus(sums[thread], added);
        workgroupBarrier();
    }
    return sums[thread] - value;
}

fn value_at(i: u32) -> u32 {
    if (i < arrayLength(&values)) { return values[i]; }
    return 0u;
}

@compute @workgroup_size(GROUP)
fn totals(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let block = number_of(group, groups);
    let first = (block * GROUP + thread) * ITEMS;
    var sum = 0u;
    for (var k = 0u; k < ITEMS; k++) { sum = plus(sum, value_at(first + k)); }
    before(thread, sum);
    if (thread == GROUP - 1u && block < arrayLength(&blocks)) { blocks[block] = sums[thread]; }
}

@compute @workgroup_size(GROUP)
fn carry(@builtin(local_invocation_index) thread: u32) {
    var carried = 0u;
    for (var first = 0u; first < arrayLength(&blocks); first += GROUP) {
        let i = first + thread;
        var value = 0u;
        if (i < arrayLength(&blocks)) { value = blocks[i]; }
        let place = plus(carried, before(thread, value));
        if (i < arrayLength(&blocks)) { blocks[i] = place; }
        carried = plus(carried, sums[GROUP - 1u]);
        workgroupBarrier();
    }
    if (thread == 0u) { total[0] = carried; }
}

@compute @workgroup_size(GROUP)
fn finish(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let block = number_of(group, groups);
    let first = (block * GROUP + thread) * ITEMS;
    var sum = 0u;
    for (var k = 0u; k < ITEMS; k++) { sum = plus(sum, value_at(first + k)); }
    var place = before(thread, sum);
    if (block < arrayLength(&blocks)) { place = plus(place, blocks[block]); }
    for (var k = 0u; k < ITEMS; k++) {
        if (first + k < arrayLength(&values)) {
            let value = values[first + k];
            values[first + k] = place;
            place = plus(place, value);
        }
    }
}
