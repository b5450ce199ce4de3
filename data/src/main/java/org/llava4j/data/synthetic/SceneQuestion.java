package org.llava4j.data.synthetic;

import java.util.Optional;

/** Question with the scene that it is about; text-only questions have no scene. */
record SceneQuestion(Optional<Scene> scene, MultipleChoiceQuestion question) {

    static SceneQuestion of(Scene scene, MultipleChoiceQuestion question) {
        return new SceneQuestion(Optional.of(scene), question);
    }

    static SceneQuestion textOnly(MultipleChoiceQuestion question) {
        return new SceneQuestion(Optional.empty(), question);
    }
}
