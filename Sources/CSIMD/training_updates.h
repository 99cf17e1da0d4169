// Part of training_template.h: the numbers of parameters follow their gradients.

// Updates one vector, or one number with the functions of numbers: S is the type, ROOT its root.
#define DEFINE_UPDATES(NAME, S, LOAD, STORE, ROOT, FMA, LARGER)                                 \
  INLINE void NAME(const csimd_update *rule, csimd_parameters p, S gradient, size_t i) {        \
    const S value = LOAD(p.values + i);                                                         \
    switch (rule->rule) {                                                                       \
      case CSIMD_ADAGRAD: {                                                                     \
        const S sum = FMA(gradient, gradient, LOAD(p.first + i));                               \
        STORE(p.first + i, sum);                                                                \
        STORE(p.values + i, value - rule->rate * (gradient / (ROOT(sum) + rule->epsilon)));     \
        break;                                                                                  \
      }                                                                                         \
      case CSIMD_AMSGRAD: {                                                                     \
        const S old = LOAD(p.first + i);                                                        \
        const S mean = old + (1 - rule->beta1) * (gradient - old);                              \
        const S square =                                                                        \
            rule->beta2 * LOAD(p.second + i) + (1 - rule->beta2) * (gradient * gradient);       \
        const S most = LARGER(LOAD(p.third + i), square);                                       \
        STORE(p.first + i, mean);                                                               \
        STORE(p.second + i, square);                                                            \
        STORE(p.third + i, most);                                                               \
        STORE(p.values + i,                                                                     \
              value - rule->step * (mean / (ROOT(most) / rule->root + rule->epsilon)));         \
        break;                                                                                  \
      }                                                                                         \
      default: STORE(p.values + i, value - rule->rate * gradient);                              \
    }                                                                                           \
  }

INLINE Vector larger(Vector a, Vector b) {
  const Mask is_larger = a > b;
  return (Vector)(((Mask)a & is_larger) | ((Mask)b & ~is_larger));
}
INLINE float load_one(const float *p) { return *p; }
INLINE void store_one(float *p, float v) { *p = v; }
INLINE float larger_one(float a, float b) { return a > b ? a : b; }
DEFINE_UPDATES(update_vector, Vector, load, store, root, fused, larger)
DEFINE_UPDATES(update_one, float, load_one, store_one, sqrtf, __builtin_fmaf, larger_one)

INLINE void update_by(const csimd_update *rule, csimd_parameters p, const float *g, size_t count) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) update_vector(rule, p, load(g + i), i);
  for (; i < count; i++) update_one(rule, p, g[i], i);
}

static void update(const csimd_update *rule, csimd_parameters parameters, const float *gradient,
                   size_t count) {
  csimd_update constant = *rule;
  switch (rule->rule) {  // So that each loop knows its rule.
    case CSIMD_ADAGRAD:
      constant.rule = CSIMD_ADAGRAD;
      update_by(&constant, parameters, gradient, count);
      break;
    case CSIMD_AMSGRAD:
      constant.rule = CSIMD_AMSGRAD;
      update_by(&constant, parameters, gradient, count);
      break;
    default:
      constant.rule = CSIMD_SGD;
      update_by(&constant, parameters, gradient, count);
  }
}

INLINE float *moved(float *start, size_t count) { return start ? start + count : start; }
INLINE csimd_parameters moved_all(csimd_parameters p, size_t count) {
  return (csimd_parameters){moved(p.values, count), moved(p.first, count), moved(p.second, count),
                            moved(p.third, count)};
}
