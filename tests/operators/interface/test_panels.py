# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels show, and when."""

from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

import operators
from operators import engine
from operators.actions import check_worker
from operators.actions import compare as compare_actions
from operators.engine import messages, settings
from operators.interface import (
    bake,
    compare,
    deliver,
    edit,
    panel,
    photo_list,
    real_scale,
    reconstruct,
    sidebar,
    splat_settings,
    thumbnails,
    worker,
)
from operators.jobs import activity, decode_queue, failures
from operators.properties import described
from operators.scene import figures, masks
from operators.scene.cameras import add_cameras
from operators.scene.splats import add_splats
from operators.sources.properties import list_photos
from tests.operators.interface.sheet import Context, Sheet, drawn
from tests.operators.photos import save_photo

pytestmark = pytest.mark.usefixtures("registered")

ABOUT_KEPT = {"tttlrm.refine", "tttlrm.extend"}


@pytest.fixture(autouse=True)
def scene(monkeypatch) -> bpy.types.Scene:
    """An empty one, where there is an engine."""
    monkeypatch.setattr(worker.worker, "lacks_engine", lambda: False)
    bpy.ops.wm.read_homefile(use_empty=True)
    return bpy.context.scene


@pytest.fixture
def splats() -> bpy.types.Object:
    """Two splats that come from a file."""
    made = engine.gaussians.allocate(2, 0)
    made.means[:] = [[0, 0, 0], [1, 1, 1]]
    obj = add_splats("statue", made)
    bpy.context.view_layer.objects.active = obj
    obj.select_set(True)
    return obj


@pytest.fixture
def kept(splats) -> bpy.types.Object:
    """Those of a scene that a worker keeps."""
    splats.tttlrm.session = "a scene"
    return splats


@pytest.fixture
def at_work(monkeypatch) -> activity.Activity:
    """A job is running."""
    running = activity.Activity("Refine", SimpleNamespace(), "refine", 0.25, 8.0, 2, 3)
    monkeypatch.setattr(activity, "current", running)
    return running


@pytest.mark.parametrize(
    ("kind", "shown"), [("SELECTED", None), ("FOLDER", None), ("VIDEO", "video"), ("CAMERAS", "collection"), ("CLIP", "clip")]
)
def test_a_source_is_chosen_and_what_is_missing_is_told(scene, kind: str, shown: str | None):
    scene.tttlrm.source.kind = kind
    photos, work = drawn(reconstruct.TTTLRM_PT_photos), drawn(reconstruct.TTTLRM_PT_reconstruct)
    assert photos.settings == ["kind", *[shown] * bool(shown), "cameras"] and work.settings == ["quality"]
    assert work.buttons["tttlrm.reconstruct"] == ["Reconstruct"] and work.labels
    assert ("tttlrm.choose_folder" in photos.buttons) == (kind == "FOLDER")
    assert not photos.others and not work.others and "tttlrm.cancel" not in work.buttons


def test_the_photos_of_a_folder_are_listed_and_the_active_one_is_shown(scene, tmp_path: Path):
    for name in ("1.png", "2.png"):
        save_photo(tmp_path / "garden" / name)
    source = scene.tttlrm.source
    source.kind, source.folder = "FOLDER", str(tmp_path / "garden")
    list_photos(source)
    photos, work = drawn(reconstruct.TTTLRM_PT_photos), drawn(reconstruct.TTTLRM_PT_reconstruct)
    assert photos.buttons["tttlrm.choose_folder"] == ["garden"] and photos.others == ["list", "picture"]
    assert photos.buttons["tttlrm.check_photos"] == ["All", "None", "Invert"]
    assert work.buttons["tttlrm.reconstruct"] == ["Reconstruct 2 Photos · Good"] and work.labels[0].startswith("about ")
    row = Sheet()
    photo_list.TTTLRM_UL_photos.draw_item(SimpleNamespace(), Context(), row, source, source.photos[1], None, source, None)
    assert row.settings == ["use"] and row.labels == ["2.png"]
    source.photos_listed = False
    assert not drawn(reconstruct.TTTLRM_PT_reconstruct).others
    thumbnails.unregister()


@pytest.mark.parametrize(("settings", "text"), [({"quality": "draft"}, " · Draft (about "), ({"steps": 9}, "Photos (about ")])
def test_the_button_tells_the_quality_and_the_time(scene, monkeypatch, tmp_path: Path, settings: dict, text: str):
    monkeypatch.setattr(Context, "region", SimpleNamespace(width=500))
    for name in ("1.png", "2.png"):
        save_photo(tmp_path / name)
    scene.tttlrm.source.folder = str(tmp_path)
    list_photos(scene.tttlrm.source)
    for name, value in settings.items():
        setattr(scene.tttlrm.refine, name, value)
    (button,) = drawn(reconstruct.TTTLRM_PT_reconstruct).buttons["tttlrm.reconstruct"]
    assert text in button
    monkeypatch.setattr(Context, "region", SimpleNamespace(width=200))
    narrow = drawn(reconstruct.TTTLRM_PT_reconstruct)
    assert narrow.buttons["tttlrm.reconstruct"] == [button.partition(" (")[0]] and narrow.labels[-1].startswith("about ")
    (tmp_path / "transforms.json").write_text("{}")  # no poses have to be estimated
    list_photos(scene.tttlrm.source)
    assert drawn(reconstruct.TTTLRM_PT_reconstruct).labels != narrow.labels
    scene.tttlrm.source.cameras = "ESTIMATE"
    assert drawn(reconstruct.TTTLRM_PT_reconstruct).labels == narrow.labels


def test_the_file_of_poses_is_asked_for_where_it_is_used(scene):
    assert "poses_file" not in drawn(reconstruct.TTTLRM_PT_photos).settings
    scene.tttlrm.source.cameras = "FILE"
    assert "poses_file" in drawn(reconstruct.TTTLRM_PT_photos).settings


def test_a_job_at_work_is_shown_and_can_be_stopped(at_work):
    sheet = drawn(reconstruct.TTTLRM_PT_reconstruct)
    assert sheet.labels[-1:] == ["Refining splats"] and sheet.others == ["Step 2 of 3, about 8 s left"]
    assert at_work.text == "Step 2 of 3: Refining splats, about 8 s left"
    assert "tttlrm.cancel" in sheet.buttons


def test_the_time_expected_before_is_not_told_beside_the_time_left(scene, at_work, monkeypatch, tmp_path: Path):
    monkeypatch.setattr(Context, "region", SimpleNamespace(width=200))
    for name in ("1.png", "2.png"):
        save_photo(tmp_path / name)
    scene.tttlrm.source.folder = str(tmp_path)
    list_photos(scene.tttlrm.source)
    assert drawn(reconstruct.TTTLRM_PT_reconstruct).labels == ["Refining splats"]


def test_splats_of_a_file_are_exported_but_not_decoded(splats):
    sheet = drawn(panel.TTTLRM_PT_splats)
    assert sheet.labels == ["statue: 2 splats"] and not sheet.buttons
    assert set(drawn(deliver.TTTLRM_PT_deliver).buttons) == {"tttlrm.export_splats", "asset.mark"}
    assert not splat_settings.TTTLRM_PT_mesh.poll(bpy.context)


def test_splats_of_a_kept_scene_are_decoded_refined_meshed_and_extended(kept):
    assert set(drawn(panel.TTTLRM_PT_splats).buttons) == ABOUT_KEPT
    assert set(drawn(splat_settings.TTTLRM_PT_mesh).buttons) == {"tttlrm.mesh"}


def test_panels_are_in_the_order_of_the_work(kept):
    tops = [kind for kind in operators.CLASSES if issubclass(kind, sidebar.Tab) and not hasattr(kind, "bl_parent_id")]
    labels = [kind.bl_label for kind in sorted(tops, key=lambda kind: kind.bl_order) if kind.bl_label]
    order = ("Engine", "Photos", "Reconstruct", "Look", "Compare", "Clean Up", "Mesh", "Bake Photos", "Deliver", "Worker")
    assert labels == [label for label in order if label in labels] and len({kind.bl_order for kind in tops}) == len(tops)


def test_a_setting_that_is_off_is_a_check_box_beside_a_gray_value(scene):
    wanted, drawn_alone = scene.tttlrm, Sheet()
    sidebar.draw_setting(drawn_alone, wanted, "width")
    assert drawn_alone.active is False and not wanted.use_width
    wanted.width = 640
    sidebar.draw_setting(drawn_alone, wanted, "width")
    assert drawn_alone.active is True and wanted.width_value == 640


@pytest.mark.parametrize(
    ("kind", "described_by"),
    [
        (splat_settings.TTTLRM_PT_refine, settings.RefineSettings),
        (splat_settings.TTTLRM_PT_data_decode, settings.LookSettings),
        (splat_settings.TTTLRM_PT_data_refine, settings.RefineSettings),
    ],
)
def test_every_setting_of_a_kept_scene_has_its_slider(kept, kind: type, described_by: type):
    elsewhere = {"floaters", "fog"}  # in the panel Clean Up
    assert set(described(described_by)) - elsewhere <= set(drawn(kind).settings)


@pytest.mark.parametrize(
    ("few", "others"),
    [
        (splat_settings.TTTLRM_PT_mesh, splat_settings.TTTLRM_PT_mesh_advanced),
        (splat_settings.TTTLRM_PT_data_mesh, splat_settings.TTTLRM_PT_data_mesh_advanced),
    ],
)
def test_most_settings_of_meshes_are_in_a_panel_of_their_own(kept, few: type, others: type):
    names = [*drawn(few).settings, *drawn(others).settings]
    assert sorted([*names, *splat_settings.FOR_SCRIPTS]) == sorted(described(settings.MeshSettings))
    assert len(drawn(few).settings) < 5


def test_photos_are_baked_onto_meshes_where_a_scene_is_kept(kept):
    bpy.ops.mesh.primitive_cube_add()
    assert bake.TTTLRM_PT_bake.poll(bpy.context)
    sheet = drawn(bake.TTTLRM_PT_bake)
    assert {"splats", "dense", "texture", "image", "normal_map", "occlusion", "packed"} == set(sheet.settings)
    assert set(sheet.buttons) == {"tttlrm.bake"}
    kept.tttlrm.session = ""
    assert not bake.TTTLRM_PT_bake.poll(bpy.context)


def test_settings_are_copied_to_others_where_there_are_others(kept, monkeypatch):
    look, draft = splat_settings.TTTLRM_PT_decode, splat_settings.TTTLRM_PT_draft
    assert not drawn(look).buttons and set(drawn(draft).buttons) == {"tttlrm.decode"} and not drawn(draft).labels
    bpy.data.objects["statue"].select_set(True)
    add_splats("other", engine.gaussians.allocate(1, 0)).select_set(True)
    monkeypatch.setattr(decode_queue, "queue", [kept])
    assert set(drawn(look).buttons) == {"tttlrm.copy_settings"}
    assert set(drawn(draft).buttons) == {"tttlrm.decode", "tttlrm.decode_selected"}
    assert drawn(draft).labels == ["1 more to decode"]


def test_every_setting_of_a_draft_is_in_one_panel(kept):
    panels = (
        splat_settings.TTTLRM_PT_decode,
        edit.TTTLRM_PT_clean_up,
        splat_settings.TTTLRM_PT_draft,
        splat_settings.TTTLRM_PT_draft_advanced,
    )
    names = [name for kind in panels for name in drawn(kind).settings]
    assert set(described(settings.DecodeSettings)) <= set(names) and len(names) == len(set(names))


def test_panels_about_splats_are_for_splats_alone(kept):
    about = (panel.TTTLRM_PT_splats, splat_settings.TTTLRM_PT_data, splat_settings.TTTLRM_PT_decode)
    assert all(kind.poll(bpy.context) for kind in about)
    kept.tttlrm.session = ""
    assert [kind.poll(bpy.context) for kind in about] == [True, False, True]
    bpy.context.view_layer.objects.active = None
    assert not panel.TTTLRM_PT_splats.poll(bpy.context) and not splat_settings.TTTLRM_PT_data.poll(bpy.context)


def test_why_a_scene_cannot_be_used_is_told_with_what_helps(kept, monkeypatch):
    monkeypatch.setattr(failures, "_failures", {})
    assert not drawn(splat_settings.TTTLRM_PT_data).labels
    failure = messages.Failed("no_scene", engine.errors.text("The scene is gone."))
    failures.note("a scene", failure)
    for kind in (panel.TTTLRM_PT_splats, splat_settings.TTTLRM_PT_data):
        sheet = drawn(kind)
        assert "tttlrm.reconstruct_again" in sheet.buttons
        assert failures.text(failure) in " ".join(sheet.labels), "in lines that fit"


def test_counts_of_selected_and_hidden_splats_stand_above_what_edits_them(splats):
    assert drawn(edit.TTTLRM_PT_edit).labels[0] == "0 selected · 0 hidden"
    masks.select(splats, np.array([True, True]))
    assert drawn(edit.TTTLRM_PT_edit).labels[0] == "2 selected · 0 hidden"


def test_panel_and_menu_edit_with_the_same_operators(splats):
    splats.tttlrm.use_region, splats.tttlrm.region = True, np.diag([1e-3, 1e-3, 1e-3, 1]).ravel()
    buttons = {**drawn(edit.TTTLRM_PT_clean_up).buttons, **drawn(edit.TTTLRM_PT_edit).buttons}
    assert set(buttons) == set(drawn(edit.TTTLRM_MT_edit_splats).buttons)


def test_the_worker_is_started_stopped_and_checked(monkeypatch):
    monkeypatch.setattr(worker.worker, "lacks_engine", lambda: True)
    assert drawn(worker.TTTLRM_PT_worker).labels == ["Not installed"]
    monkeypatch.setattr(worker.worker, "lacks_engine", lambda: False)
    sheet = drawn(worker.TTTLRM_PT_worker)
    assert sheet.labels == ["Starts when needed"]
    assert set(sheet.buttons) == {"tttlrm.start_worker", "tttlrm.stop_worker", "tttlrm.check_worker"}


def test_the_worker_says_what_draws_and_the_tooltip_of_its_check_why(monkeypatch):
    monkeypatch.setattr(type(worker.worker.link), "connected", True)
    monkeypatch.setattr(worker.worker.link, "drawing", None)
    check = check_worker.TTTLRM_OT_check_worker
    assert drawn(worker.TTTLRM_PT_worker).labels == ["Connected"]
    assert check.description(bpy.context, None) == check.__doc__
    text, drawing = engine.errors.text, engine.results.Drawing
    worker.worker.link.drawing = drawing(text("Processor"), text("No CUDA."), text("No GPU."))
    assert drawn(worker.TTTLRM_PT_worker).labels == ["Connected, draws with: Processor"]
    assert check.description(bpy.context, None) == f"{check.__doc__}.\nNo CUDA. No GPU"
    worker.worker.link.drawing = drawing(text("WebGPU ({})", "Radeon"))
    assert drawn(worker.TTTLRM_PT_worker).labels == ["Connected, draws with: WebGPU (Radeon)"]
    assert check.description(bpy.context, None) == check.__doc__


def test_rarer_choices_are_all_there(scene):
    names = {"width", "height", "remove_background", "orient", "with_mesh", "surface"}
    assert names == set(drawn(reconstruct.TTTLRM_PT_options).settings)
    rarest = ["checkpoint", "views", "scan", "elastic", "hold_out", "seed"]
    assert drawn(reconstruct.TTTLRM_PT_advanced).settings == rarest
    assert "DEFAULT_CLOSED" in reconstruct.TTTLRM_PT_advanced.bl_options
    assert drawn(reconstruct.TTTLRM_PT_limits).settings == ["steps", "passes", "seconds"]


def test_a_distance_is_measured_between_two_objects(kept, scene):
    own = scene.tttlrm.measure
    assert drawn(real_scale.TTTLRM_PT_real_scale).settings == ["first", "second", "distance"]
    for name, x in (("first", 0.0), ("second", 2.0)):
        empty = bpy.data.objects.new(name, None)
        scene.collection.objects.link(empty)
        empty.location.x = x
        setattr(own, name, empty)
    bpy.context.view_layer.update()
    own.distance = 5
    sheet = drawn(real_scale.TTTLRM_PT_real_scale)
    assert sheet.labels == ["Now 2 m"] and sheet.buttons == {"tttlrm.set_scale": ["Set Scale"]}
    assert bpy.ops.tttlrm.set_scale("INVOKE_DEFAULT", objects="first\nsecond", distance=5) == {"FINISHED"}
    assert kept.scale.x == pytest.approx(2.5)
    assert drawn(real_scale.TTTLRM_PT_real_scale).labels == ["Now 5 m"], "the ends move with the splats"


def test_what_splats_are_is_told(kept):
    assert "Draft" in drawn(panel.TTTLRM_PT_splats).labels
    kept.tttlrm.refined, kept.tttlrm.steps, kept.tttlrm.psnr = True, 1500, 30.12
    assert "Refined, 1,500 steps, 30.1 dB" in drawn(panel.TTTLRM_PT_splats).labels


def test_panels_of_settings_are_not_there_without_an_object(scene):
    bpy.context.view_layer.objects.active = None
    panels = [kind for kind in vars(splat_settings).values() if isinstance(kind, type) and issubclass(kind, bpy.types.Panel)]
    nested = [kind for kind in panels if hasattr(kind, "poll") and hasattr(kind, "bl_parent_id")]
    assert len(nested) > 4 and not any(kind.poll(bpy.context) for kind in nested)


@pytest.fixture
def photographed(kept, tmp_path: Path) -> bpy.types.Object:
    """Splats with two cameras, of which one shows its photo."""
    poses, lenses, sizes = np.tile(np.eye(4), (2, 1, 1)), np.tile([30.0, 30.0, 16.0, 12.0], (2, 1)), np.tile([32, 24], (2, 1))
    table = engine.results.CameraTable(["images/a.png", "images/b.png"], poses, lenses, sizes)
    add_cameras(table, {"images/a.png": save_photo(tmp_path / "a.png")}, bpy.context.collection, scene="a scene")
    return kept


def test_splats_are_compared_with_photos_that_have_cameras(kept):
    assert not compare.TTTLRM_PT_compare.poll(bpy.context)


def test_photos_are_listed_with_how_well_splats_match_them(photographed):
    assert compare.TTTLRM_PT_compare.poll(bpy.context)
    sheet = drawn(compare.TTTLRM_PT_compare)
    assert sheet.settings == ["mode"] and sheet.others == [] and "Refine" in " ".join(sheet.labels)
    assert set(sheet.buttons) == {"tttlrm.previous_photo", "tttlrm.view_photo", "tttlrm.next_photo"}
    figures.store(photographed, engine.results.PhotoFigures({"images/a.png": 30.04, "images/b.png": 20.0}, ["images/b.png"]), 2)
    sheet = drawn(compare.TTTLRM_PT_compare)
    assert sheet.others == ["list"] and " ".join(sheet.labels) == "Set aside to judge the refinement"
    row = Sheet()
    own = photographed.tttlrm
    compare.TTTLRM_UL_figures.draw_item(SimpleNamespace(), Context(), row, own, own.figures[1], None, own, None)
    assert row.labels == ["a.png", "30.0 dB"]


@pytest.mark.parametrize("change", ["hide", "resize"])
def test_figures_of_splats_that_were_changed_are_told_to_be_old(photographed, change):
    figures.store(photographed, engine.results.PhotoFigures({"images/a.png": 30.0}), 2)
    assert not drawn(compare.TTTLRM_PT_compare).labels
    if change == "hide":
        masks.hide(photographed, np.array([True, False]))
    else:
        photographed.tttlrm.decode.scale = 0.5
    assert "were changed" in " ".join(drawn(compare.TTTLRM_PT_compare).labels)


@pytest.mark.parametrize(("mode", "setting"), [("WIPE", "split"), ("DIFFERENCE", "gain")])
def test_a_way_to_compare_has_its_setting_and_what_is_missing_is_told(scene, photographed, mode, setting):
    scene.tttlrm.compare.mode = mode
    sheet = drawn(compare.TTTLRM_PT_compare)
    assert sheet.settings == ["mode", setting] and "Look through" in " ".join(sheet.labels)


def test_menu_and_keys_are_for_the_same_operators():
    menu = set(drawn(compare.TTTLRM_MT_compare).buttons)
    assert {name for name, *_ in compare_actions.KEYS} < menu
