// SPDX-License-Identifier: GPL-3.0-or-later
// A splat as a rectangle on the screen: Gaussians projected as in Zwicker et al. 2001, antialiased as in Yu et al. 2024, with the
// constants of the engine's render/convention.py.

const float NEAR = 0.01;           // in units of the view
const float BLUR = 0.3;            // px²
const float MIN_ALPHA = 1.0 / 255.0;
const float REACH = 1.3;           // of the half view, as far as the projection is linearized
const float SMALLEST = 0.01;       // px: what is thinner all round is not drawn

vec4 texel(sampler2D from, int index)
{
  int width = textureSize(from, 0).x;
  return texelFetch(from, ivec2(index % width, index / width), 0);
}

mat3 rotation(vec4 quat)  // w x y z
{
  vec4 q = quat / max(length(quat), 1e-20);
  return mat3(1.0 - 2.0 * (q.z * q.z + q.w * q.w), 2.0 * (q.y * q.z + q.x * q.w), 2.0 * (q.y * q.w - q.x * q.z),
              2.0 * (q.y * q.z - q.x * q.w), 1.0 - 2.0 * (q.y * q.y + q.w * q.w), 2.0 * (q.z * q.w + q.x * q.y),
              2.0 * (q.y * q.w + q.x * q.z), 2.0 * (q.z * q.w - q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z));
}

bool is_perspective()
{
  return eye.projection[3][3] == 0.0;
}

// Rows of the derivative of pixels by view coordinates.
mat2x3 jacobian(vec3 center)
{
  vec2 focal = vec2(eye.projection[0][0], eye.projection[1][1]) * eye.size.xy / 2.0;
  if (!is_perspective()) {
    return mat2x3(vec3(focal.x, 0.0, 0.0), vec3(0.0, focal.y, 0.0));
  }
  vec2 scale = vec2(eye.projection[0][0], eye.projection[1][1]);
  vec2 shift = vec2(eye.projection[2][0], eye.projection[2][1]);
  vec2 slope = clamp(center.xy / -center.z, (shift - REACH) / scale, (shift + REACH) / scale);
  return mat2x3(vec3(focal.x, 0.0, focal.x * slope.x) / -center.z, vec3(0.0, focal.y, focal.y * slope.y) / -center.z);
}

// Real spherical harmonics up to degree 3, in the order and with the signs of Gaussian splatting.
void harmonics(vec3 d, out float basis[16])
{
  float x = d.x, y = d.y, z = d.z, xx = x * x, yy = y * y, zz = z * z;
  basis[0] = 0.28209479177387814;
  basis[1] = -0.4886025119029199 * y;
  basis[2] = 0.4886025119029199 * z;
  basis[3] = -0.4886025119029199 * x;
  basis[4] = 1.0925484305920792 * x * y;
  basis[5] = -1.0925484305920792 * y * z;
  basis[6] = 0.31539156525252005 * (3.0 * zz - 1.0);
  basis[7] = -1.0925484305920792 * x * z;
  basis[8] = 0.5462742152960396 * (xx - yy);
  basis[9] = -0.5900435899266435 * y * (3.0 * xx - yy);
  basis[10] = 2.890611442640554 * x * y * z;
  basis[11] = -0.4570457994644658 * y * (5.0 * zz - 1.0);
  basis[12] = 0.3731763325901154 * z * (5.0 * zz - 3.0);
  basis[13] = -0.4570457994644658 * x * (5.0 * zz - 1.0);
  basis[14] = 1.445305721320277 * z * (xx - yy);
  basis[15] = -0.5900435899266435 * x * (xx - 3.0 * yy);
}

// Four coefficients fill three texels.
vec3 seen_color(int splat, vec3 direction)
{
  float basis[16];
  harmonics(direction, basis);
  int terms = int(eye.size.z);
  vec3 color = vec3(0.5);
  for (int term = 0; term < terms; term += 4) {
    int first = (splat * terms + term) * 3 / 4;
    vec4 a = texel(colors, first), b = texel(colors, first + 1), c = texel(colors, first + 2);
    color += basis[term] * a.rgb + basis[term + 1] * vec3(a.a, b.rg);
    color += basis[term + 2] * vec3(b.ba, c.r) + basis[term + 3] * c.gba;
  }
  return max(color, 0.0);
}

void main()
{
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);  // outside, until it is known that the splat is seen
  vec2 entry = texel(order, gl_InstanceID).xy;
  int splat = int(entry.x), place = int(entry.y);
  vec4 middle = texel(shapes, 3 * splat);
  mat3x4 to_view = mat3x4(texel(places, 6 * place), texel(places, 6 * place + 1), texel(places, 6 * place + 2));
  vec3 center = vec4(middle.xyz, 1.0) * to_view;
  vec4 clip = eye.projection * vec4(center, 1.0);
  if (abs(clip.z) > clip.w || (is_perspective() && -center.z < NEAR) || middle.w < MIN_ALPHA) {
    return;
  }

  // Covariance on the screen: what a unit ball becomes under scale, rotation, object, view and the linearized projection.
  mat3 axes = rotation(texel(shapes, 3 * splat + 1));
  vec4 shape = texel(shapes, 3 * splat + 2);
  vec3 scale = shape.xyz;
  mat3 linear = transpose(mat3(to_view[0].xyz, to_view[1].xyz, to_view[2].xyz));
  mat3 to_ball = transpose(axes) * transpose(linear);
  bool aside = max(abs(clip.x), abs(clip.y)) > REACH * clip.w;
  if (is_perspective() && aside && -center.z < length(scale * to_ball[2])) {
    return;  // it reaches behind the eye: linearized, it would lie over the whole view like fog
  }
  mat2x3 root = to_ball * jacobian(center);
  root = mat2x3(scale * root[0], scale * root[1]);
  float xx = dot(root[0], root[0]), yy = dot(root[1], root[1]), xy = dot(root[0], root[1]);
  float spread = length(vec2((xx - yy) / 2.0, xy)), mean = (xx + yy) / 2.0;
  if (mean + spread < SMALLEST * SMALLEST) {
    return;
  }
  vec2 axis = abs(xy) > 1e-6 * mean ? normalize(vec2(spread + (xx - yy) / 2.0, xy)) : (xx >= yy ? vec2(1.0, 0.0) : vec2(0.0, 1.0));
  vec2 deviations = sqrt(vec2(mean + spread, max(mean - spread, 0.0)) + BLUR);

  // The blur would make antialiased splats brighter, the more so the smaller they are: this share of their opacity keeps their light.
  float share = shape.w > 0.5 ? length(cross(root[0], root[1])) / (deviations.x * deviations.y) : 1.0;
  float opacity = middle.w * share;
  if (opacity < MIN_ALPHA) {
    return;
  }

  offset = corner * sqrt(2.0 * log(opacity / MIN_ALPHA));
  vec2 pixels = offset.x * deviations.x * axis + offset.y * deviations.y * vec2(-axis.y, axis.x);
  clip.xy += 2.0 * pixels / eye.size.xy * clip.w;
  gl_Position = clip;

  vec3 ray = is_perspective() ? center : vec3(0.0, 0.0, -1.0);
  mat3 turn = mat3(texel(places, 6 * place + 3).xyz, texel(places, 6 * place + 4).xyz, texel(places, 6 * place + 5).xyz);
  color = vec4(seen_color(splat, normalize(ray * turn)), opacity);
}
