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

/**
 * Image shuffling for the input ablation: assigns each problem with an image the image of another problem of its group.
 */
public final class ShuffledImages {
    private ShuffledImages() {}

    /**
     * Assigns images by a seeded cyclic permutation within each group. Each image is used once, never with its own
     * problem.
     *
     * @param groupOf group within which images are exchanged
     * @return the problem whose image is shown, by problem id
     * @throws BadInputException if a group has only one problem with an image
     */
    public static Map<String, ScienceQaProblem> of(
            List<ScienceQaProblem> problems, Function<ScienceQaProblem, String> groupOf, long seed) {
        Map<String, List<ScienceQaProblem>> groups = problems.stream()
                .filter(ScienceQaProblem::hasImage)
                .collect(Collectors.groupingBy(groupOf, TreeMap::new, Collectors.toList()));
        Map<String, ScienceQaProblem> imageSources = new HashMap<>();
        groups.forEach((group, members) -> {
            if (members.size() < 2) {
                throw new BadInputException("problem " + members.get(0).id() + " is the only one of \"" + group
                        + "\" with an image; there is no other image to exchange it with");
            }
            List<ScienceQaProblem> permutation = new ArrayList<>(members);
            Collections.shuffle(permutation, new Random(seed + group.hashCode()));
            for (int i = 0; i < permutation.size(); i++) {
                imageSources.put(permutation.get(i).id(), permutation.get((i + 1) % permutation.size()));
            }
        });
        return imageSources;
    }
}
