/* SPDX-License-Identifier: MIT */
/* Lays the content picture over the result, cut where the slider stands. Without this script they
 * stand side by side. */
(function () {
    "use strict";
    var pair = document.querySelector(".pair");
    var slider = document.querySelector(".slider");
    if (!pair)
        return; /* a training that has painted no picture */
    var range = slider.querySelector("input");

    function cut() {
        pair.style.setProperty("--cut", range.value + "%");
        range.setAttribute("aria-valuetext", range.value + " % content");
    }

    function follow(event) {
        var box = pair.getBoundingClientRect();
        if (event.type === "pointerdown" || event.buttons & 1) {
            range.value = Math.round((100 * (event.clientX - box.left)) / box.width);
            cut();
        }
    }

    pair.classList.add("over");
    slider.hidden = false;
    range.addEventListener("input", cut);
    pair.addEventListener("pointerdown", follow);
    pair.addEventListener("pointermove", follow);
    pair.addEventListener("dragstart", function (event) {
        event.preventDefault();
    });
    cut();
})();
