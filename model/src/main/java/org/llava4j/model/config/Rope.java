package org.llava4j.model.config;

/**
 * The rotary position embedding of a decoder.
 *
 * @param theta base of the frequencies
 * @param scale positions are divided by it (type linear); 1 for none
 */
record Rope(double theta, double scale) {
    private static final double DEFAULT_THETA = 10000.0;

    /**
     * Reads it with the precedence of transformers 5: {@code rope_scaling} replaces {@code rope_parameters}, the theta
     * inside goes before the one beside it, and {@code rope_type} before the older {@code type}.
     */
    static Rope of(ConfigJson json) {
        double beside = json.real("rope_theta", DEFAULT_THETA);
        String key = json.hasEntries("rope_scaling") ? "rope_scaling" : "rope_parameters";
        if (!json.hasEntries(key)) {
            return new Rope(beside, 1);
        }
        ConfigJson rope = json.child(key);
        rope.check(ModelKeys.ROPE);
        double theta = rope.real("rope_theta", beside);
        String typeKey = rope.has("rope_type") ? "rope_type" : "type";
        String type = rope.text(typeKey, "default");
        return switch (type) {
            case "default" -> new Rope(theta, 1);
            case "linear" -> new Rope(theta, factor(rope));
            default ->
                throw rope.bad(typeKey, "must be default or linear, is " + type + "; use a model with one of these");
        };
    }

    private static double factor(ConfigJson rope) {
        double factor = rope.real("factor");
        if (!(factor > 0)) {
            throw rope.bad("factor", "must be above 0, is " + factor);
        }
        return factor;
    }
}
