// The numbering of workgroups and elements where one dimension does not allow enough workgroups.
const GROUP = 256u; // threads of a workgroup

fn number_of(group: vec3u, groups: vec3u) -> u32 {
    return group.y * groups.x + group.x;
}

fn element(group: vec3u, groups: vec3u, thread: u32) -> u32 {
    return number_of(group, groups) * GROUP + thread;
}
