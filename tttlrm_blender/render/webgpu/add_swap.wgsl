// Adds to sums from all workgroups at once by exchanging their bits, until no other thread has changed them in between.
@group(0) @binding(7) var<storage, read_write> sums: array<atomic<u32>>;

fn add(i: u32, value: f32) {
    var before = atomicLoad(&sums[i]);
    loop {
        let found = atomicCompareExchangeWeak(&sums[i], before, bitcast<u32>(bitcast<f32>(before) + value));
        if (found.exchanged) { break; }
        before = found.old_value;
    }
}
