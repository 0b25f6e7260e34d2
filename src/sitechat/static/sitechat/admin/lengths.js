// Says before a form is sent that a text is too long. Nothing that was typed is cut or lost.
"use strict";

(() => {
  const isLimited = (field) => field.matches?.("textarea[data-limit]");

  function check(field) {
    const limit = Number(field.dataset.limit);
    // Characters as the server counts them. Most have one unit, and none has more than two.
    const { length } = field.value;
    const isTooLong = length > 2 * limit || (length > limit && [...field.value].length > limit);
    field.setCustomValidity(isTooLong ? field.dataset.tooLong : "");
    return !isTooLong;
  }

  document.addEventListener("input", ({ target }) => {
    if (isLimited(target)) {
      check(target);
    }
  });

  // The forms of Django's admin are not validated by the browser.
  document.addEventListener(
    "submit",
    (event) => {
      const field = [...event.target.elements].filter(isLimited).find((each) => !check(each));
      if (field) {
        event.preventDefault();
        event.stopImmediatePropagation();
        field.reportValidity();
      }
    },
    true,
  );
})();
