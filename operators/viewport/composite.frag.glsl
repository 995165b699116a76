// SPDX-License-Identifier: GPL-3.0-or-later
// The finished picture of the splats over the viewport. Blender keeps what lies over the scene in linear light, and shows
// it with the exponent 1 / 2.2, after the scene's view transform: this is the one place where colors are converted.

void main()
{
  vec4 splats = texelFetch(picture, ivec2(gl_FragCoord.xy), 0);
  if (splats.a == 0.0) {
    discard;
  }
  fragment = vec4(pow(splats.rgb / splats.a, vec3(2.2)) * splats.a, splats.a);
}
