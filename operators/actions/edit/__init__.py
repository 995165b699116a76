# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that edit splats: select, delete, hide, separate, join, crop, and place the scene. One per file."""

from . import (
    align_ground,
    apply_transform,
    crop,
    delete,
    hide,
    join,
    select_all,
    select_box,
    select_brush,
    select_color,
    select_distance,
    select_floaters,
    select_inside,
    select_opacity,
    select_size,
    separate,
    set_scale,
)

CLASSES = (
    select_all.TTTLRM_OT_select_all,
    select_box.TTTLRM_OT_select_box,
    select_brush.TTTLRM_PG_dab,
    select_brush.TTTLRM_OT_select_brush,
    select_color.TTTLRM_OT_select_color,
    select_size.TTTLRM_OT_select_size,
    select_opacity.TTTLRM_OT_select_opacity,
    select_distance.TTTLRM_OT_select_distance,
    select_inside.TTTLRM_OT_select_inside,
    select_floaters.TTTLRM_OT_select_floaters,
    delete.TTTLRM_OT_delete_splats,
    hide.TTTLRM_OT_hide_splats,
    hide.TTTLRM_OT_reveal_splats,
    separate.TTTLRM_OT_separate_splats,
    join.TTTLRM_OT_join_splats,
    crop.TTTLRM_OT_crop_splats,
    apply_transform.TTTLRM_OT_apply_transform,
    align_ground.TTTLRM_OT_align_ground,
    set_scale.TTTLRM_OT_set_scale,
)
