// Adds to sums from all workgroups at once, on devices with atomic floats.
@group(0) @binding(7) var<storage, read_write> sums: array<atomic<f32>>;

fn add(i: u32, value: f32) {
    atomicAdd(&sums[i], value);
}
