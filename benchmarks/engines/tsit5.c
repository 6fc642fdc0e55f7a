/* Explicit Runge-Kutta 5(4) of Tsitouras (2011), eight runs a vector that share their steps.
 *
 * Put after the definitions of NS, NK, GUT, the type v8 and rates(). Steps end on every dose of any
 * of the eight runs; outputs come from the method's free fourth-order interpolant. */

#define LANES 8

static const double C_[6] = {0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0};
static const double A_[6][6] = {
  {0.161},
  {-0.008480655492356989, 0.335480655492357},
  {2.8971530571054935, -6.359448489975075, 4.3622954328695815},
  {5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525},
  {5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401,
   -0.028269050394068383},
  {0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
   2.324710524099774},
};
static const double E_[7] = {-0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995,
  -0.1447110071732629, 0.5823571654525552, -0.45808210592918697, 0.015151515151515152};

static void weights(double x, double *b) {
  double x2 = x * x;
  b[0] = -1.0530884977290216 * x * (x - 1.3299890189751412)
         * (x2 - 1.4364028541716351 * x + 0.7139816917074209);
  b[1] = 0.1017 * x2 * (x2 - 2.1966568338249754 * x + 1.2949852507374631);
  b[2] = 2.490627285651252793 * x2 * (x2 - 2.38535645472061657 * x + 1.57803468208092486);
  b[3] = -16.54810288924490272 * (x - 1.21712927295533244) * (x - 0.61620406037800089) * x2;
  b[4] = 47.37952196281928122 * (x - 1.203071208372362603) * (x - 0.658047292653547382) * x2;
  b[5] = -34.87065786149660974 * (x - 1.2) * (x - 0.666666666666666667) * x2;
  b[6] = 2.5 * (x - 1.0) * (x - 0.6) * x2;
}

static double worst(const v8 *y, const v8 *z, const v8 *e, double rtol, const double *atol) {
  v8 most = {0};
  for (int i = 0; i < NS; i++)
    for (int l = 0; l < LANES; l++) {
      double size = fmax(fabs(y[i][l]), fabs(z[i][l]));
      double ratio = fabs(e[i][l]) / (atol[i] + rtol * size);
      most[l] = ratio <= most[l] ? most[l] : ratio;
    }
  double value = 0.0;
  for (int l = 0; l < LANES; l++) value = most[l] <= value ? value : most[l];
  return value == value ? value : INFINITY;
}

static int group(const v8 *k, v8 *y, const int64_t *first, const int64_t *last,
                 const double *times, const double *amounts, const double *outputs, int64_t m,
                 double *const *out, double rtol, const double *atol) {
  v8 s[7][NS], z[NS], e[NS];
  int64_t next[LANES], column = 0;
  double t = 0.0, h = 0.05, end = outputs[m - 1], before = 1.0;
  for (int l = 0; l < LANES; l++) next[l] = first[l];
  rates(t, y, s[0], k);
  for (int64_t steps = 0; t < end; steps++) {
    if (steps > 5000000) return 1;
    double stop = end;
    for (int l = 0; l < LANES; l++)
      if (next[l] < last[l] && times[next[l]] < stop) stop = times[next[l]];
    double left = stop - t, trial = 1.01 * h >= left ? left : 2.0 * h > left ? 0.5 * left : h;
    for (int j = 0; left > 0.0 && j < 6; j++) {
      for (int i = 0; i < NS; i++) {
        v8 sum = A_[j][0] * s[0][i];
        for (int q = 1; q <= j; q++) sum += A_[j][q] * s[q][i];
        z[i] = y[i] + trial * sum;
      }
      rates(t + C_[j] * trial, z, s[j + 1], k);
    }
    if (left > 0.0) {
      for (int i = 0; i < NS; i++) {
        v8 sum = E_[0] * s[0][i];
        for (int q = 1; q < 7; q++) sum += E_[q] * s[q][i];
        e[i] = trial * sum;
      }
      double error = worst(y, z, e, rtol, atol);
      if (error > 1.0) {
        h = trial * (error < INFINITY ? fmax(0.2, 0.9 * pow(error, -0.2)) : 0.1);
        if (h < 1e-10) return 2;
        continue;
      }
      double reached = trial == left ? stop : t + trial, b[7];
      while (column < m && outputs[column] <= reached) {
        weights((outputs[column] - t) / trial, b);
        for (int i = 0; i < NS; i++) {
          v8 sum = b[0] * s[0][i];
          for (int q = 1; q < 7; q++) sum += b[q] * s[q][i];
          sum = y[i] + trial * sum;
          for (int l = 0; l < LANES; l++)
            if (out[l]) out[l][i * m + column] = sum[l];
        }
        column++;
      }
      memcpy(y, z, sizeof z);
      memcpy(s[0], s[6], sizeof z);
      error = fmax(error, 1e-6);
      double grow = 0.9 * pow(error, -0.14) * pow(before, 0.08);
      grow = grow < 0.2 ? 0.2 : grow > 5.0 ? 5.0 : grow;
      if (trial < left || grow < 1.0) h = trial * grow;
      before = error;
      t = reached;
    }
    int dosed = 0;
    for (int l = 0; l < LANES; l++)
      while (next[l] < last[l] && times[next[l]] <= t) {
        y[GUT][l] += amounts[next[l]++];
        dosed = 1;
      }
    if (dosed) {
      rates(t, y, s[0], k);
      h = fmin(h, 0.05);
    }
  }
  return 0;
}

int solve(int64_t n, const double *k, const double *y0, const int64_t *offsets,
          const double *times, const double *amounts, const double *outputs, int64_t m,
          double *out, double rtol, const double *atol) {
  int failed = 0;
  for (int64_t lead = 0; lead < n; lead += LANES) {
    v8 kk[NK], y[NS];
    int64_t first[LANES], last[LANES];
    double *rows[LANES];
    for (int l = 0; l < LANES; l++) {
      int64_t run = lead + l < n ? lead + l : n - 1;
      for (int i = 0; i < NK; i++) kk[i][l] = k[run * NK + i];
      for (int i = 0; i < NS; i++) y[i][l] = y0[run * NS + i];
      first[l] = offsets[run];
      last[l] = offsets[run + 1];
      rows[l] = lead + l < n ? out + run * NS * m : 0;
    }
    failed |= group(kk, y, first, last, times, amounts, outputs, m, rows, rtol, atol);
  }
  return failed;
}
