package org.llava4j.eval.demo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.world.Kind;

/** For each problem with an image another one of its kind, whose image it is shown instead of its own. */
final class OtherImages {
    private OtherImages() {}

    /** By problem id; each image is shown once, never with its own problem. Kinds have two problems at least. */
    static Map<String, ScienceQaProblem> of(List<ScienceQaProblem> problems, long seed) {
        Map<Kind, List<ScienceQaProblem>> kinds =
                problems.stream().filter(ScienceQaProblem::hasImage).collect(Collectors.groupingBy(Kind::of));
        Map<String, ScienceQaProblem> others = new HashMap<>();
        kinds.forEach((kind, all) -> {
            List<ScienceQaProblem> circle = new ArrayList<>(all);
            Collections.shuffle(circle, new Random(seed + kind.ordinal()));
            for (int i = 0; i < circle.size(); i++) {
                others.put(circle.get(i).id(), circle.get((i + 1) % circle.size()));
            }
        });
        return others;
    }
}
