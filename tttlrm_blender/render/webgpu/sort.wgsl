// One pass of a stable radix sort of keys with values, by the 8 bits of the keys from SHIFT: `count`, prefix sums of the
// histogram, `scatter`. A block of GROUP * ROUNDS elements keeps its order in rounds of GROUP: the rank of an element among
// those of its digit is the number of bits before its own in a mask of the threads that have this digit.
@group(0) @binding(0) var<storage, read> number: array<u32>; // the first is the number of elements, if the arrays hold so many
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> histogram: array<u32>; // [256, blocks], then the places of a digit's first element
@group(0) @binding(4) var<storage, read_write> sorted_keys: array<u32>;
@group(0) @binding(5) var<storage, read_write> sorted_values: array<u32>;

const ROUNDS = 16u;
const DIGITS = 256u; // as many as threads
const WORDS = GROUP / 32u; // of a mask

var<workgroup> tally: array<atomic<u32>, DIGITS>;
var<workgroup> places: array<u32, DIGITS>;
var<workgroup> masks: array<atomic<u32>, DIGITS * WORDS>;

fn digit(key: u32) -> u32 {
    return (key >> SHIFT) % DIGITS;
}

@compute @workgroup_size(GROUP)
fn count(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let block = number_of(group, groups);
    let blocks = arrayLength(&histogram) / DIGITS;
    let first = block * GROUP * ROUNDS;
    let last = min(min(number[0], arrayLength(&keys)), first + GROUP * ROUNDS);
    atomicStore(&tally[thread], 0u);
    workgroupBarrier();
    for (var i = first + thread; i < last; i += GROUP) { atomicAdd(&tally[digit(keys[i])], 1u); }
    workgroupBarrier();
    if (block < blocks) { histogram[thread * blocks + block] = atomicLoad(&tally[thread]); }
}

@compute @workgroup_size(GROUP)
fn scatter(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let block = number_of(group, groups);
    let blocks = arrayLength(&histogram) / DIGITS;
    let first = block * GROUP * ROUNDS;
    let last = min(min(number[0], arrayLength(&keys)), first + GROUP * ROUNDS);
    let word = thread / 32u;
    let bit = 1u << (thread % 32u);
    if (block < blocks) { places[thread] = histogram[thread * blocks + block]; }
    for (var k = 0u; k < WORDS; k++) { atomicStore(&masks[thread * WORDS + k], 0u); }
    workgroupBarrier();
    for (var start = first; start < last; start += GROUP) {
        let i = start + thread;
        var key = 0u;
        if (i < last) {
            key = keys[i];
            atomicOr(&masks[digit(key) * WORDS + word], bit);
        }
        workgroupBarrier();
        if (i < last) {
            let mask = digit(key) * WORDS;
            var place = places[digit(key)] + countOneBits(atomicLoad(&masks[mask + word]) & (bit - 1u));
            for (var k = 0u; k < word; k++) { place += countOneBits(atomicLoad(&masks[mask + k])); }
            sorted_keys[place] = key;
            sorted_values[place] = values[i];
        }
        workgroupBarrier();
        for (var k = 0u; k < WORDS; k++) {
            places[thread] += countOneBits(atomicExchange(&masks[thread * WORDS + k], 0u));
        }
        workgroupBarrier();
    }
}
