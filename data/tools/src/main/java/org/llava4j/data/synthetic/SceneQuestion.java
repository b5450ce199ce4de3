package org.llava4j.data.synthetic;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Question with the scene that it is about.
 *
 * @param scene null for a text-only question
 */
record SceneQuestion(@Nullable Scene scene, MultipleChoiceQuestion question) {

    static SceneQuestion of(Scene scene, MultipleChoiceQuestion question) {
        return new SceneQuestion(scene, question);
    }

    static SceneQuestion textOnly(MultipleChoiceQuestion question) {
        return new SceneQuestion(null, question);
    }

    /** The scene of a question of a type that has images. */
    Scene requireScene() {
        return Objects.requireNonNull(scene, "a text-only question");
    }
}
