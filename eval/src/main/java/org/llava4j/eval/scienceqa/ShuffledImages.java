package org.llava4j.eval.scienceqa;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.llava4j.data.BadInputException;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/** For each problem with an image another one of its group, whose image it is shown instead of its own. */
public final class ShuffledImages {
    private ShuffledImages() {}

    /**
     * By problem id; each image is shown once, never with its own problem.
     *
     * @param groupOf problems that may change images
     * @throws BadInputException if a group has one problem with an image only
     */
    public static Map<String, ScienceQaProblem> of(
            List<ScienceQaProblem> problems, Function<ScienceQaProblem, String> groupOf, long seed) {
        Map<String, List<ScienceQaProblem>> groups = problems.stream()
                .filter(ScienceQaProblem::hasImage)
                .collect(Collectors.groupingBy(groupOf, TreeMap::new, Collectors.toList()));
        Map<String, ScienceQaProblem> others = new HashMap<>();
        groups.forEach((group, all) -> {
            if (all.size() < 2) {
                throw new BadInputException("problem " + all.get(0).id() + " is the only one of \"" + group
                        + "\" with an image; there is no other to show it");
            }
            List<ScienceQaProblem> circle = new ArrayList<>(all);
            Collections.shuffle(circle, new Random(seed + group.hashCode()));
            for (int i = 0; i < circle.size(); i++) {
                others.put(circle.get(i).id(), circle.get((i + 1) % circle.size()));
            }
        });
        return others;
    }
}
