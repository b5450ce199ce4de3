package org.llava4j.model.config;

/**
 * Configuration of a decoder's rotary position embedding (RoPE).
 *
 * @param theta base of the frequencies
 * @param scale divisor of positions (type linear); 1 for none
 */
record RopeConfig(double theta, double scale) {
    private static final double DEFAULT_THETA = 10000.0;

    /**
     * Reads the RoPE keys with the precedence of transformers 5: {@code rope_scaling} over {@code rope_parameters}, the
     * theta in that object over the one at the top level, {@code rope_type} over the older {@code type}.
     */
    static RopeConfig of(ConfigJson json) {
        double topLevelTheta = theta(json, DEFAULT_THETA);
        String key = json.hasEntries("rope_scaling") ? "rope_scaling" : "rope_parameters";
        if (!json.hasEntries(key)) {
            return new RopeConfig(topLevelTheta, 1);
        }
        ConfigJson rope = json.child(key);
        rope.check(ModelKeys.ROPE);
        double theta = theta(rope, topLevelTheta);
        String typeKey = rope.has("rope_type") ? "rope_type" : "type";
        String type = rope.text(typeKey, "default");
        return switch (type) {
            case "default" -> new RopeConfig(theta, 1);
            case "linear" -> new RopeConfig(theta, factor(rope));
            default ->
                throw rope.error(typeKey, "must be default or linear, is " + type + "; use a model with one of these");
        };
    }

    private static double theta(ConfigJson json, double absent) {
        double theta = json.decimal("rope_theta", absent);
        if (!(theta >= 1 && theta <= SizeLimits.ROPE_THETA)) {
            throw json.error("rope_theta", "must be from 1 to " + SizeLimits.ROPE_THETA + ", is " + theta);
        }
        return theta;
    }

    private static double factor(ConfigJson rope) {
        double factor = rope.decimal("factor");
        if (!(factor > 0)) {
            throw rope.error("factor", "must be above 0, is " + factor);
        }
        return factor;
    }
}
