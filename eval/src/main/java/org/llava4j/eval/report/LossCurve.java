package org.llava4j.eval.report;

import java.util.List;

/** The training loss of one run, step by step. */
public record LossCurve(String name, List<Point> points) {
    /**
     * One optimiser step.
     *
     * @param loss not finite where the step diverged; such a point is counted, not drawn
     */
    public record Point(long step, double loss) {}

    public LossCurve {
        points = List.copyOf(points);
    }
}
