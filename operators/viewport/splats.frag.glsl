// SPDX-License-Identifier: GPL-3.0-or-later
// One splat over those behind it, in sRGB as it was trained, premultiplied by alpha; nothing where the scene is nearer.

const float MIN_ALPHA = 1.0 / 255.0;
const float MAX_ALPHA = 0.999;

void main()
{
  float alpha = min(color.a * exp(-0.5 * dot(offset, offset)), MAX_ALPHA);
  if (alpha < MIN_ALPHA || gl_FragCoord.z > texelFetch(scene_depth, ivec2(gl_FragCoord.xy), 0).r) {
    discard;
  }
  fragment = vec4(color.rgb * alpha, alpha);
}
