// SPDX-License-Identifier: GPL-3.0-or-later
// Splats and photo side by side, or the difference of their colors in sRGB, as they are seen. Where nothing of the scene is, the
// splats are over black, as they are measured: what Blender shows behind them may be the photo itself.

const float MOST = 6.0;  // texels of the photo that are read for a pixel, along each axis

vec3 encoded(vec3 light)
{
  vec3 high = 1.055 * pow(max(light, 0.0), vec3(1.0 / 2.4)) - 0.055;
  return mix(high, 12.92 * light, lessThan(light, vec3(0.0031308)));
}

// The mean of the photo in a pixel, in sRGB, as the engine makes photos smaller.
vec3 photo_in(vec2 pixel)
{
  ivec2 size = textureSize(photo, 0);
  vec2 texels = vec2(size) / (comparison.photo.zw - comparison.photo.xy);
  vec2 low = (pixel - 0.5 - comparison.photo.xy) * texels, high = low + texels;
  ivec2 stride = ivec2(ceil(texels / MOST));
  vec4 sum = vec4(0.0);
  for (int y = int(floor(low.y)); float(y) < high.y; y += stride.y) {
    for (int x = int(floor(low.x)); float(x) < high.x; x += stride.x) {
      vec2 texel = vec2(float(x), float(y));
      vec2 part = min(texel + 1.0, high) - max(texel, low);
      vec3 color = encoded(texelFetch(photo, clamp(ivec2(x, y), ivec2(0), size - 1), 0).rgb);
      sum += part.x * part.y * vec4(color, 1.0);
    }
  }
  return sum.rgb / sum.a;
}

void main()
{
  vec2 at = gl_FragCoord.xy;
  if (any(lessThan(at, comparison.shown.xy)) || any(greaterThan(at, comparison.shown.zw))) {
    discard;
  }
  vec4 splats = texelFetch(picture, ivec2(at), 0);
  bool empty = texelFetch(scene_depth, ivec2(at), 0).r == 1.0;
  float line = comparison.how.y, aside = abs(at.x - line) / comparison.how.z;
  vec3 color;
  if (comparison.how.x == 1.0) {
    if (!empty && splats.a == 0.0) {
      discard;
    }
    color = comparison.how.w * abs(splats.rgb - photo_in(at));
  }
  else if (aside < 2.0) {
    color = vec3(aside < 1.0 ? 1.0 : 0.0);
  }
  else if (at.x < line) {
    if (!empty) {
      discard;
    }
    color = splats.rgb;
  }
  else {
    color = photo_in(at);
  }
  fragment = vec4(pow(clamp(color, 0.0, 1.0), vec3(2.2)), 1.0);
}
